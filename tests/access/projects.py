"""The tables of each project, put together from the parts that it has."""

from tests.access import expected

READ_ONLY = {
    "orders": {"orders/order": "{adas}"},
    "inventory": {
        "inventory/stock": "MUG",
        "inventory/allocation": "{adas}",
    },
    "payments": {
        "payments/charge": "{adas}",
        "payments/entry": "1",
        "demo_gateway/operation": "charge",
    },
}
CHANGEABLE = {
    "auth/user": {"pk": "{user}", "delete": "200", "deleted": "302"},
    "auth/group": {"pk": "1", "delete": "200", "deleted": "302"},
}
SKU_STAYS = {"pk": "MUG", "delete": "403", "deleted": "403"}
"""A product: ledgers name it, so nobody deletes it."""


def table(project: str) -> str:
    """Return the text of a project's table."""
    if project == "monolith":
        services = ("orders", "inventory", "payments")
        return "".join([_common(), *map(_own, services), _shop(products="200")])
    shop = _shop(products="503") if project == "orders" else ""
    docs = expected.DOCS if project == "payments" else ""
    return "".join([_common(), _own(project), shop, docs])


def _common() -> str:
    users = [_filled(expected.CHANGEABLE, model=m, **CHANGEABLE[m]) for m in CHANGEABLE]
    return "".join([expected.EVERYWHERE, expected.ADMIN, *users])


def _shop(*, products: str) -> str:
    shop = expected.SHOP.replace("{p}", products)
    return expected.DOCS + expected.LOGIN + shop


def _own(project: str) -> str:
    parts = [_filled(expected.APP, app=project)]
    parts += [
        _filled(expected.READ_ONLY, model=model, pk=pk)
        for model, pk in READ_ONLY[project].items()
    ]
    if project == "inventory":
        product = _filled(expected.CHANGEABLE, model="inventory/product", **SKU_STAYS)
        parts += [product, expected.LEDGER]
    if project == "payments":
        parts += [expected.VAULT, expected.CARDS]
    return "".join(parts)


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
