"""Names, places and words of which people and their letters are made."""

# fmt: off
FIRST_NAMES = {
    "female": (
        "Anna", "Clara", "Edda", "Frieda", "Greta", "Hanne", "Ida", "Jule", "Käthe", "Lena", "Marla", "Nele", "Paula",
        "Rosa", "Svea", "Thea", "Ylva", "Zoé",
    ),
    "male": (
        "Arne", "Bent", "Carl", "Emil", "Finn", "Gustav", "Henri", "Ivo", "Jörg", "Kilian", "Levi", "Mats", "Nils",
        "Oskar", "Piet", "Rasmus", "Theo", "Udo",
    ),
    "diverse": (
        "Alex", "Kim", "Luca", "Mika", "Robin", "Sascha",
    ),
}
TREES = (
    "Ahorn", "Birken", "Eichen", "Erlen", "Kiefern", "Linden", "Moos", "Mühlen", "Rosen", "Ulmen", "Wald", "Weiden",
    "Wiesen",
)
PLACES = (
    "anger", "bichl", "garten", "grund", "hain", "horst", "moor", "quell", "steg", "wehr", "winkel",
)
FAMILY_NAMES = [f"{tree}{place}" for tree in TREES for place in PLACES] + ["O'Linden", "van Ahorn", "Birken-Moor"]
CITIES = [  # country, city, zip, weight
    ("DE", "Berlin", "10115", 14), ("DE", "Hamburg", "20095", 9), ("DE", "München", "80331", 8),
    ("DE", "Köln", "50667", 7), ("DE", "Leipzig", "'04109", 6), ("DE", "Dresden", "'01067", 5),
    ("DE", "Freiburg", "79098", 5), ("DE", "Kiel", "24103", 4), ("DE", "Göttingen", "37073", 4),
    ("AT", "Wien", "1010", 8), ("AT", "Graz", "8010", 4), ("AT", "Salzburg", "5020", 3),
    ("CH", "Zürich", "8001", 5), ("CH", "Basel", "4001", 3), ("NL", "Utrecht", "3511 AB", 4),
    ("NL", "Amsterdam", "1012 AB", 4), ("FR", "Strasbourg", "67000", 3), ("FR", "Lyon", "69001", 2),
    ("BE", "Gent", "9000", 2),
]
STREETS = (
    "Lindenweg", "Am Anger", "Bachgasse", "Eichenallee", "Gartenstraße", "Hofweg", "Kirchplatz", "Mühlgasse",
    "Wiesengrund",
)
DRAMA_NUMBERS = ("+49 30 23125", "+49 40 66969", "+49 221 4710", "+49 69 90009", "+49 89 99998")  # free for fiction
ACQUISITION = ("search", "social", "newsletter", "referral", "marketplace", "store")
CONSENT = ("true", "false", "")
SOURCES = ("web", "mobile_app", "pos")
POS = SOURCES.index("pos")
PAYMENTS = ("Shopify Payments", "PayPal Express Checkout", "Klarna", "Bank Deposit")
NOTES = ("", "Please ring twice, thank you", "Leave it at the neighbours'", 'Card: "Happy birthday!"', "Gift, no bill")
TAGS = ("", "gift-wrap", "newsletter", "gift-wrap, newsletter")
REVIEWS = (  # one set of phrases per rating
    ("The parcel arrived broken.", "Nothing like the picture.", "I waited three weeks.", "It fell apart at once."),
    ("Smaller than I thought.", "The colour is off.", "Delivery took too long.", "Not worth the price."),
    ("It is all right.", "Good, but the box was dented.", "Does what it should.", "Nice, a little dear."),
    ("Good quality.", "A lovely present.", "Arrived quickly.", "We like it a lot."),
    ("Wonderful, my favourite shop!", "Perfect in every detail.", "Everybody at home loves it.", "Beautifully packed."),
)
ENDINGS = ("", "", "I would order again.", "I will look elsewhere.", "Friendly service.", "No answer to my e-mail.")
COMPLAINTS = (
    "Where is my refund?", "The item was damaged.", "The wrong article came.", "The parcel never arrived.",
    "I was charged twice.",
)
