import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.campaign import (
    PLAY_COLUMNS,
    Campaign,
    actions_told,
    arms_caption,
    audience,
    consent_in_words,
    contactable,
    control_in_use,
    detectable_lift,
    draw_arms,
    file_name,
    lift_in_words,
    plan_campaign,
    plays_by_name,
    power_caption,
    power_in_words,
    power_table,
    read_plays,
    watch_audience,
    watch_in_words,
    watch_table,
    write_audiences,
)
from segmentation.gate import Allowed
from segmentation.presets import read_preset
from segmentation.problems import DataProblem
from segmentation.runs import PROJECT

HEADER = ",".join(PLAY_COLUMNS)


def written(folder: Path, *lines: str) -> Path:
    """Write a table of actions."""
    path = folder / "plays.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


PLAYS = pd.DataFrame(
    {
        "action": ["Thank them", "Win them back"],
        "channel": ["e-mail", "letter"],
        "offer": ["early access", "voucher"],
        "cost_per_contact": [0.05, 1.5],
    },
    index=pd.Index(["champions", "lapsed"], name="segment"),
)


def segments(champions: int, lapsed: int) -> pd.DataFrame:
    """Make customers of two segments, known by e-mail."""
    count = champions + lapsed
    index = pd.Index([f"c{number:03}@example.com" for number in range(count)], name="customer_id")
    kinds = np.repeat([0, 1], [champions, lapsed])
    return pd.DataFrame({"segment": kinds, "name": np.array(["champions", "lapsed"])[kinds]}, index=index)


def planned(members: pd.DataFrame, *, control_share: float = 0.1, seed: int = 7) -> Campaign:
    contacts = contactable(None, members.index)
    return plan_campaign(members, contacts, PLAYS, control_share=control_share, seed=seed)


def customers_table(consent: dict[str, object]) -> pd.DataFrame:
    """Write a customers table: customer to consent, an e-mail for each."""
    table = pd.DataFrame({"customer_id": list(consent), "marketing_consent": pd.Series(consent.values(), dtype=object)})
    return table.assign(email=table["customer_id"] + "@example.com")


# --- the table of actions


def test_every_name_of_a_segment_has_an_action() -> None:
    assert set(read_preset("archetypes")) <= set(read_plays(PROJECT / "data" / "plays.csv").index)


def test_a_name_that_says_more_than_its_kind_has_the_kind_s_action() -> None:
    assert plays_by_name(PLAYS, ["champions, small baskets"])["action"].to_dict() == {
        "champions, small baskets": "Thank them"
    }


def test_an_action_of_its_own_comes_before_that_of_the_kind() -> None:
    own = pd.concat([PLAYS, PLAYS[1:].set_axis(["champions, small baskets"])])
    names = ["champions, small baskets", "champions, large baskets"]
    assert plays_by_name(own, names)["action"].tolist() == ["Win them back", "Thank them"]


def test_two_segments_of_one_kind_have_a_row_each() -> None:
    names = ["lapsed", "lapsed, small baskets", "lapsed, 2nd group"]
    assert plays_by_name(PLAYS, names).index.tolist() == names


def test_names_without_an_action_are_refused() -> None:
    with pytest.raises(
        DataProblem, match=r"'newcomers' and 'regulars, small baskets' has none\. Add a row to the table of `plays`\?"
    ):
        plays_by_name(PLAYS, ["champions", "newcomers", "regulars, small baskets"])


def test_a_campaign_plans_for_names_that_say_more_than_their_kind() -> None:
    members = segments(4, 4).replace({"name": {"lapsed": "lapsed, small baskets"}})
    assert planned(members).plan["action"].tolist() == ["Thank them", "Win them back"]


def test_a_cost_is_read_as_a_number(tmp_path: Path) -> None:
    assert (
        read_plays(written(tmp_path, "champions,Thank them,e-mail,,0.05")).loc["champions", "cost_per_contact"] == 0.05
    )


def test_an_empty_offer_stays_empty(tmp_path: Path) -> None:
    assert read_plays(written(tmp_path, "champions,Thank them,e-mail,,0.05")).loc["champions", "offer"] == ""


def test_missing_actions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match=r"there is no file 'none\.csv'\. Set `plays`"):
        read_plays(tmp_path / "none.csv")


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("segment,action,offer\nchampions,Thank them,\n", encoding="utf-8")
    with pytest.raises(
        DataProblem, match=r"must have the columns segment, .*; it lacks 'channel' and 'cost_per_contact'"
    ):
        read_plays(path)


def test_two_actions_of_one_segment_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "champions,Thank them,e-mail,,0.05", "champions,Call them,phone,,2")
    with pytest.raises(DataProblem, match=r"must hold one action a segment; 'champions' stands there twice"):
        read_plays(path)


@pytest.mark.parametrize("cost", ["free", "-1", "", "inf", "0;05"])
def test_a_cost_that_is_no_number_from_0_is_refused(tmp_path: Path, cost: str) -> None:
    with pytest.raises(DataProblem, match=rf"cost_per_contact in 'plays\.csv' must be a number from 0; got '{cost}'"):
        read_plays(written(tmp_path, f"champions,Thank them,e-mail,,{cost}"))


@pytest.mark.parametrize(
    "content", [b"", f"{HEADER}\nK\xe4ufer,,,,1\n".encode("latin-1"), b'segment,"action\n1,2\n', b"a\n1,2\n1,2,3\n"]
)
def test_what_is_no_csv_in_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plays.csv"
    path.write_bytes(content)
    with pytest.raises(DataProblem, match=r"'plays\.csv' must be a CSV file in UTF-8 with commas"):
        read_plays(path)


def test_what_a_spreadsheet_puts_before_the_first_column_is_no_part_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text(f"{HEADER}\nchampions,,,,1\n", encoding="utf-8-sig")
    assert read_plays(path).index.tolist() == ["champions"]


# --- who may be contacted


def test_without_a_customers_table_everybody_may_be_contacted() -> None:
    assert contactable(None, segments(2, 1).index)["may_contact"].tolist() == [True, True, True]


def test_without_a_customers_table_an_e_mail_that_is_the_key_is_the_address() -> None:
    contacts = contactable(None, pd.Index(["ann@example.com", "13085"]))
    assert contacts["email"].fillna("none").tolist() == ["ann@example.com", "none"]


def test_where_no_consent_is_recorded_everybody_may_be_contacted() -> None:
    contacts = contactable(customers_table({"ann": None, "ben": None}), pd.Index(["ann", "ben"]))
    assert contacts["may_contact"].tolist() == [True, True]


def test_only_a_yes_is_consent() -> None:
    told = customers_table({"ann": True, "ben": False, "cai": None})
    contacts = contactable(told, pd.Index(["ann", "ben", "cai", "not in the table"]))
    assert contacts["may_contact"].tolist() == [True, False, False, False]


def test_where_all_refused_nobody_may_be_contacted() -> None:
    assert contactable(customers_table({"ann": False}), pd.Index(["ann"]))["may_contact"].tolist() == [False]


@pytest.mark.parametrize("answers", [(True, False), (False, True), (True, None)])
def test_a_customer_with_two_answers_is_not_contacted(answers: tuple[object, object]) -> None:
    told = pd.concat([customers_table({"ann": answer, "ben": True}) for answer in answers])
    assert contactable(told, pd.Index(["ann", "ben"]))["may_contact"].tolist() == [False, True]


def test_the_address_of_the_customers_table_comes_first() -> None:
    told = customers_table({"ann@old.example": True}).assign(email="ann@new.example")
    assert contactable(told, pd.Index(["ann@old.example"]))["email"].tolist() == ["ann@new.example"]


def test_consent_is_counted_in_words() -> None:
    told = customers_table({"ann": True, "ben": False})
    contacts = contactable(told, pd.Index(["ann", "ben"]))
    assert consent_in_words(told, contacts) == "1 of 2 customers gave their consent; nobody else is in an audience."


def test_unknown_consent_is_said_in_words() -> None:
    words = consent_in_words(None, contactable(None, pd.Index(["ann", "ben"])))
    assert words.startswith("No consent is recorded, so all 2 customers count as contactable;")


# --- arms


def test_the_control_group_has_its_share() -> None:
    assert planned(segments(200, 50)).plan[["treated", "control"]].to_numpy().tolist() == [[180, 20], [45, 5]]


@pytest.mark.parametrize(("share", "control"), [(0.0, 0), (0.01, 1), (0.1, 1), (0.11, 2), (0.5, 5)])
def test_a_part_of_a_customer_in_the_control_group_is_a_whole_one(share: float, control: int) -> None:
    assert planned(segments(10, 0), control_share=share).plan["control"].tolist() == [control]


@pytest.mark.parametrize("share", [-0.1, 0.51, float("nan")])
def test_an_impossible_control_share_is_refused(share: float) -> None:
    with pytest.raises(DataProblem, match=rf"`control_share` must be between 0 and 0\.5; got {share}\."):
        planned(segments(2, 2), control_share=share)


def test_a_segment_without_an_action_is_refused() -> None:
    members = segments(2, 1).replace({"name": {"lapsed": "frequent returners"}})
    with pytest.raises(DataProblem, match=r"Each segment needs an action; 'frequent returners' has none\. .*`plays`"):
        planned(members)


def test_the_same_seed_draws_the_same_arms() -> None:
    pd.testing.assert_frame_equal(planned(segments(60, 60)).customers, planned(segments(60, 60)).customers)


def test_another_seed_draws_other_arms() -> None:
    assert not planned(segments(60, 60)).customers.equals(planned(segments(60, 60), seed=8).customers)


def test_the_order_of_the_rows_does_not_change_the_arms() -> None:
    shuffled = segments(60, 60).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(planned(shuffled).customers, planned(segments(60, 60)).customers)


def test_chance_draws_the_control_group_from_the_whole_segment() -> None:
    # 300 draws of 1 in 10: each customer is control about 30 times, standard deviation 5.2.
    members = segments(10, 0).assign(may_contact=True)
    arms = [draw_arms(members, control_share=0.1, seed=seed) == "control" for seed in range(300)]
    assert sum(arms).between(30 - 21, 30 + 21).all()


def test_the_segments_are_unchanged() -> None:
    members = segments(3, 3)
    planned(members)
    pd.testing.assert_frame_equal(members, segments(3, 3))


consents = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=30)


@given(consent=consents, share=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_no_opted_out_customer_is_in_an_audience(consent: list[bool | None], share: float, seed: int) -> None:
    members = segments(len(consent), len(consent))
    told = customers_table(dict(zip(members.index, [*consent, *consent[::-1]], strict=True)))
    told.loc[0, "marketing_consent"] = False  # so that some consent is recorded
    contacts = contactable(told, members.index)
    campaign = plan_campaign(members, contacts, PLAYS, control_share=share, seed=seed)
    written_to = pd.concat([audience(campaign, name) for name in campaign.plan["name"]])["Customer ID"]
    agreed = told.loc[told["marketing_consent"].eq(True), "customer_id"]
    assert set(written_to) <= set(agreed)


@given(consent=consents, share=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_every_customer_has_exactly_one_arm(consent: list[bool | None], share: float, seed: int) -> None:
    members = segments(len(consent), 2)
    told = customers_table(dict(zip(members.index[: len(consent)], consent, strict=True)))
    contacts = contactable(told, members.index)
    plan = plan_campaign(members, contacts, PLAYS, control_share=share, seed=seed).plan
    left = plan["customers"] - plan["contactable"]
    assert (plan["treated"] + plan["control"] + left).tolist() == [len(consent), 2]


# --- the plan


def test_the_plan_comes_by_segment() -> None:
    assert planned(segments(3, 5)).plan["name"].tolist() == ["champions", "lapsed"]


def test_the_budget_is_what_the_treated_cost() -> None:
    assert planned(segments(200, 50)).plan["budget"].tolist() == [180 * 0.05, 45 * 1.5]


def test_each_segment_has_its_own_action() -> None:
    assert planned(segments(3, 5)).plan["action"].tolist() == ["Thank them", "Win them back"]


# --- the power to see an effect


@pytest.mark.parametrize(
    ("each", "rate", "with_campaign"), [(11_723, 0.00573, 0.00884), (3_826, 0.02, 0.03), (860, 0.106, 0.151)]
)
def test_the_published_sizes_of_arms_show_the_published_lifts(each: int, rate: float, with_campaign: float) -> None:
    assert detectable_lift(each, each, rate) == pytest.approx(with_campaign - rate, rel=0.005)


def test_the_variance_of_the_base_rate_alone_would_promise_too_much() -> None:
    # Taken at 2 % in both arms, 3,826 each would seem to show 0.9 points; the published figure is 1.0.
    too_small = (1.959964 + 0.841621) * np.sqrt(2 * 0.02 * 0.98 / 3_826)
    assert (round(too_small, 4), round(detectable_lift(3_826, 3_826, 0.02), 4)) == (0.009, 0.01)


def test_four_times_the_customers_show_about_half_the_lift() -> None:
    assert detectable_lift(40_000, 40_000, 0.1) == pytest.approx(detectable_lift(10_000, 10_000, 0.1) / 2, rel=0.02)


@pytest.mark.parametrize(("treated", "control"), [(0, 10), (10, 0), (5, 1)])
def test_arms_too_small_for_any_lift_show_none(treated: int, control: int) -> None:
    assert detectable_lift(treated, control, 0.5) == float("inf")


def test_where_all_come_back_no_lift_can_show() -> None:
    assert detectable_lift(1_000, 1_000, 1.0) == float("inf")


@given(rate=st.floats(0, 1), treated=st.integers(1, 5_000), control=st.integers(1, 5_000))
def test_a_lift_that_would_show_can_happen(rate: float, treated: int, control: int) -> None:
    lift = detectable_lift(treated, control, rate)
    assert lift == float("inf") or (lift > 0 and rate + lift < 1)


def evaluation(**came_back: float) -> dict:
    return {"came_back": came_back}


def test_the_power_table_tells_the_lift_in_points() -> None:
    table = power_table(planned(segments(7_652, 0), control_share=0.5).plan, evaluation(champions=0.02))
    assert table["smallest lift, points"].round(1).tolist() == [1.0]


def test_a_segment_that_did_not_exist_before_has_no_rate_and_no_lift() -> None:
    table = power_table(planned(segments(500, 500)).plan, evaluation(champions=0.2)).set_index("segment")
    assert table.loc["lapsed", ["came back", "smallest lift, points"]].isna().all()


def test_the_best_and_the_worst_power_in_words() -> None:
    power = pd.DataFrame({"segment": ["champions", "lapsed", "new"], "smallest lift, points": [4.04, 12.0, None]})
    assert power_in_words(power) == (
        "The smallest lift that would show is 4.0 points among the champions and 12.0 points among the lapsed."
    )


def test_no_power_at_all_in_words() -> None:
    power = pd.DataFrame({"segment": ["champions"], "smallest lift, points": [np.nan]})
    assert power_in_words(power) == "No control group is large enough to measure an effect with."


# --- where a campaign test could show nothing

NO_TEST = Allowed("no test", "Too few buyers.")


def test_nobody_is_left_alone_without_a_test() -> None:
    assert control_in_use(0.1, allowed=NO_TEST) == 0.0


def test_with_a_test_the_users_share_is_left_alone() -> None:
    assert control_in_use(0.1, allowed=Allowed("full")) == 0.1


def test_all_contactable_are_written_to_without_a_test() -> None:
    plan = planned(segments(30, 10), control_share=control_in_use(0.1, allowed=NO_TEST)).plan
    assert plan[["treated", "control"]].to_numpy().tolist() == [[30, 0], [10, 0]]


def test_without_a_test_no_lift_is_told() -> None:
    plan = planned(segments(30, 10), control_share=0.0).plan
    table = power_table(plan, evaluation(champions=0.2, lapsed=0.1))
    assert table["smallest lift, points"].isna().all()


def test_a_plan_without_a_test_claims_nothing_and_says_why() -> None:
    power = power_table(planned(segments(30, 10), control_share=0.0).plan, evaluation())
    assert lift_in_words(power, allowed=NO_TEST) == "The plan claims no effect and measures none. Too few buyers."
    assert arms_caption(0.0, allowed=NO_TEST).endswith("Nobody is left alone: Too few buyers.")


def test_a_lift_is_not_told_where_coming_back_is_not_measured() -> None:
    power = power_table(planned(segments(300, 100)).plan, evaluation())
    assert lift_in_words(power, allowed=Allowed("full")).startswith("How small a lift would show is not known")
    assert "no lift is told" in power_caption({"holdout_days": None}, money="EUR")


def test_a_measured_lift_keeps_its_words_and_its_period() -> None:
    power = power_table(planned(segments(7_652, 0), control_share=0.5).plan, evaluation(champions=0.02))
    assert lift_in_words(power, allowed=Allowed("full")) == power_in_words(power)
    assert power_caption({"holdout_days": 90}, money="EUR").endswith("the smallest lift that would show over 90 days.")


def test_one_group_has_an_action_though_the_table_names_none() -> None:
    everybody = segments(10, 0).assign(name="all buyers")
    assert planned(everybody).plan["action"].tolist() == ["Thank them and say what is new"]


# --- the audiences


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_one_file_a_segment_is_written(tmp_path: Path) -> None:
    write_audiences(planned(segments(3, 3)), tmp_path / "audiences")
    assert sorted(path.name for path in (tmp_path / "audiences").iterdir()) == ["champions.csv", "lapsed.csv"]


def test_an_audience_has_the_columns_that_an_upload_needs(tmp_path: Path) -> None:
    write_audiences(planned(segments(3, 3)), tmp_path / "audiences")
    assert rows(tmp_path / "audiences" / "champions.csv")[0] == ["Email", "Customer ID", "Segment"]


def test_an_audience_holds_the_treated_and_nobody_else(tmp_path: Path) -> None:
    campaign = planned(segments(20, 20))
    write_audiences(campaign, tmp_path / "audiences")
    treated = campaign.customers[campaign.customers["arm"].eq("treated") & campaign.customers["name"].eq("lapsed")]
    assert [row[1] for row in rows(tmp_path / "audiences" / "lapsed.csv")[1:]] == treated.index.tolist()


@pytest.mark.parametrize("customer", ["=1+1", "+49 40", "-2-3", "@SUM(A1)"])
def test_a_formula_in_a_customer_id_is_neutralised(tmp_path: Path, customer: str) -> None:
    members = segments(1, 0).set_axis(pd.Index([customer], name="customer_id"))
    write_audiences(planned(members, control_share=0.0), tmp_path / "audiences")
    assert rows(tmp_path / "audiences" / "champions.csv")[1][1] == f"'{customer}"


@pytest.mark.parametrize("name", read_preset("archetypes"))
def test_each_archetypes_file_name_is_plain(name: str) -> None:
    assert set(file_name(name)) <= set("abcdefghijklmnopqrstuvwxyz-_.")


def test_no_two_archetypes_share_a_file() -> None:
    names = list(read_preset("archetypes"))
    assert len({file_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "etc_passwd.csv"),
        ("C:\\secret", "c_secret.csv"),
        ("<script>alert(1)</script>", "script_alert_1_script.csv"),
        ("Новые", "новые.csv"),
    ],
)
def test_no_name_of_a_segment_leads_out_of_its_folder(name: str, expected: str) -> None:
    assert file_name(name) == expected


# --- the watch list


def watched(values: dict[int, float]) -> pd.DataFrame:
    """Put customers on a watch list: number to value at risk, the most first."""
    index = pd.Index([f"c{number:03}@example.com" for number in values], name="customer_id")
    return pd.DataFrame({"value_at_risk": list(values.values())}, index=index)


def arms(told: dict[str, str]) -> pd.DataFrame:
    """Give the first champions of the segments an arm each; the others are treated."""
    customers = planned(segments(20, 20), control_share=0.0).customers.copy()
    customers.loc[list(told), "arm"] = list(told.values())
    return customers


def test_the_watch_list_is_counted_by_segment_the_most_at_risk_first() -> None:
    table = watch_table(watched({25: 90.0, 26: 80.0, 1: 50.0}), arms({}), min_group=1)
    told = table[["segment", "customers", "treated", "value at risk"]].to_numpy().tolist()
    assert told == [["lapsed", 2, 2, 170.0], ["champions", 1, 1, 50.0]]


def test_few_on_the_watch_list_are_not_told_of() -> None:
    table = watch_table(watched({1: 5.0, 25: 9.0}), arms({}), min_group=2)
    assert table.drop(columns="segment").isna().all(axis=None)


def test_who_is_treated_is_not_told_where_it_leaves_few_others() -> None:
    one_control = arms({"c001@example.com": "control"})
    table = watch_table(watched(dict.fromkeys(range(10), 5.0)), one_control, min_group=5)
    assert [table["customers"].tolist(), table["treated"].isna().tolist()] == [[10], [True]]


def test_an_empty_watch_list_has_no_row() -> None:
    assert watch_table(watched({}), arms({}), min_group=5).empty


def test_only_the_treated_are_won_back() -> None:
    customers = arms({"c001@example.com": "control", "c002@example.com": "no contact"})
    table = watch_audience(watched({3: 9.999, 1: 8.0, 2: 7.0}), customers)
    assert table.to_numpy().tolist() == [["c003@example.com", "c003@example.com", "champions", 10.0]]


def test_the_watch_list_in_words() -> None:
    customers = arms({"c001@example.com": "control"})
    words = watch_in_words(watched(dict.fromkeys(range(6), 100.0)), customers, money="EUR", min_group=5)
    assert words == "5 of the 6 customers on the watch list are written to; 500 EUR are at risk with them."


def test_a_short_watch_list_is_not_told_of_in_words() -> None:
    words = watch_in_words(watched({1: 100.0}), arms({}), money="EUR", min_group=5)
    assert words.startswith("Too few customers of value are at risk")


def test_each_action_stands_beside_the_verdict_on_its_segment() -> None:
    told = actions_told(planned(segments(30, 30)).plan, {"verdicts": {"champions": "act"}})
    assert told.set_index("segment")["verdict"].dropna().to_dict() == {"champions": "act"}
