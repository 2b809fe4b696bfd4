from hypothesis import given
from strategies import dirty_orders
from shops import store_orders, clean_orders
from segmentation.clean import *

@given(lines=dirty_orders())
def test_x(connection, lines):
    orders = store_orders(connection, lines)
    j = judge(orders, rules=policy_rules("net", duplicates="drop"), currency="", max_quantity=50_000)
    a = account(j)
    l, m = lines_and_money(orders)
    require_balance(a, lines_in=l, money_in=m)
    c = clean_orders(connection, lines)
