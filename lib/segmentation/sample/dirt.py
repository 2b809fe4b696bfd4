"""How much dirt is planted, and which kinds there are."""

from dataclasses import asdict, dataclass, fields

from segmentation.problems import DataProblem, some


@dataclass(frozen=True)
class Dirt:
    """How much of each kind of dirt to plant, each a share of the customers' own orders; 0 plants none.

    Guests, cancelled and test orders are orders added to the shop. The others are a line added to an order that has
    neither coupon nor refund, at most one to an order: no coupon is spread over dirt, and each dirty row is dirty in
    one way only.

    Raises
    ------
    DataProblem
        A share is not between 0 and 1, or the lines to add ask for more orders than there are.
    """

    guests: float = 0.02  # orders without e-mail and phone
    cancelled: float = 0.015  # orders with a time of cancelling
    tests: float = 0.006  # orders paid by the test gateway
    duplicates: float = 0.015  # exact copies of a row, right after it or later in its order
    zero_prices: float = 0.008
    negative_prices: float = 0.004
    absurd_quantities: float = 0.003  # 60,000 to 99,999 pieces
    gifts: float = 0.01  # line discount as high as the price
    fees: float = 0.04  # postage and service fees as lines

    def __post_init__(self) -> None:
        """Refuse shares that cannot be planted."""
        wrong = [f"{name} = {share}" for name, share in asdict(self).items() if not 0 <= share <= 1]
        if wrong:
            raise DataProblem(f"Each kind of dirt must be a share between 0 and 1; got {some(wrong)}.")
        lines = sum(getattr(self, name) for name in DIRTY_LINES)
        if lines > 0.5:
            raise DataProblem(
                f"Dirty lines can stand in half of the orders at most; {some(DIRTY_LINES)} add up to {lines:.2f}."
            )


DIRT_KINDS = ("", *(knob.name for knob in fields(Dirt)))  # a row's dirt is its place here; 0 is a clean row
DIRTY_ORDERS, DIRTY_LINES = DIRT_KINDS[1:4], DIRT_KINDS[4:]
CODE = {kind: code for code, kind in enumerate(DIRT_KINDS)}
USUAL_DIRT = Dirt()
