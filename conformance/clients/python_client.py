"""The client that openapi-python-client generates: a module for each function, and a class for each type."""

import sys
from io import BytesIO

sys.path.insert(0, sys.argv[2])

from functions_client import Client
from functions_client.api.functions import (
    all_, create, double, echo, greet, greet_by_path, longs, mean, middle, middle_by_path, next_, nothing, now, order, pair,
    part, same, who,
)
from functions_client.models import (
    AllBodyType0, EchoBodyType0, GreetBodyType0, MiddleBodyType0, NextBodyType0, Order, OrderBodyType0, OrderItemsItem,
    PartBodyType0, Problem, ProblemCode,
)
from functions_client.types import File

client = Client(base_url=sys.argv[1], httpx_args={"trust_env": False})

assert middle.sync(client=client, body=MiddleBodyType0(low=3, high=4)) == 3.5
assert middle.sync(client=client, body=[3, 4]) == 3.5
assert middle_by_path.sync(3, 4, client=client) == 3.5
assert next_.sync(client=client, body=NextBodyType0(n="9007199254740992")) == "9007199254740993"
assert next_.sync(client=client, body=[2**53]) == "9007199254740993"
assert double.sync(client=client, body=[10**30]) == str(2 * 10**30)
assert greet.sync(client=client, body=GreetBodyType0(name="Ada", loud=True)) == "Hello, Ada!"
assert greet_by_path.sync("a/b ü", client=client) == "Hello, a/b ü."
assert mean.sync(client=client, body=[[1, 2.5, 4]]) == 2.5
everything = AllBodyType0(ints=[1], longs=["2", 3], bigs=[4], flags=[True], texts=["ü"])
assert all_.sync(client=client, body=everything) == {
    "ints": [1], "longs": ["2", "3"], "bigs": ["4"], "flags": [True], "texts": ["ü"]
}
assert longs.sync(client=client, body=[["1", 2]]) == ["2", "1"]
assert echo.sync(client=client, body=EchoBodyType0(value={"a": [None, 1.5]})) == {"a": [None, 1.5]}
assert pair.sync(client=client, body=[1, {"b": 2}]) == [1, {"b": 2}]
assert same.sync(client=client, body=File(payload=BytesIO(b"\x00\xff\n"))).payload.read() == b"\x00\xff\n"
assert part.sync(client=client, body=PartBodyType0(data="AP8K", from_=1)).payload.read() == b"\xff\n"
assert who.sync(client=client, x_request_id="abc", x_tenant="Ada") == "abc of Ada"
tea = Order(id=1, items=[OrderItemsItem(name="tea", count=2)])
assert order.sync(client=client, body=OrderBodyType0(order=tea)).items[0].count == 2
created = create.sync_detailed(client=client, body=["tea"])
assert created.status_code == 201
assert nothing.sync_detailed(client=client, body=[1]).status_code == 204
assert now.sync(client=client) == 1.5

too_few = Order(id=1, items=[OrderItemsItem(name="tea", count=0)])
refused = order.sync(client=client, body=OrderBodyType0(order=too_few))
assert isinstance(refused, Problem) and refused.code == ProblemCode.ERR_ARGUMENTS, refused
assert refused.errors[0].pointer == "#/order/items/0/count", refused

print("all right")
