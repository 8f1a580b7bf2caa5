"""The table. A cell is the status for the visitors that its column's heading names.

A row stands for the methods that it names: ANY for all that no other row of its URL
names. HEAD is never named, since it is what GET is.
"""

VISITORS = (
    "nobody",  # sends no credentials
    "guest",  # has the token of another guest's order
    "holder",  # has the token of the guest's order
    "ada",  # a customer: token and session
    "grace",  # another customer: a session
    "clerk",  # staff without any permission
    "admin",  # staff with all permissions
    "broken",  # a token and a session that are over
    "bearer",  # a scheme that nobody speaks here
)
READ_BY_NO_PAGE = {"guest", "holder", "grace", "bearer"}
"""Who differs from others by headers that no page of Django's reads, if by anything."""
GROUPS = {
    "all": VISITORS,
    "bad": ("broken", "bearer"),
    "good": tuple(who for who in VISITORS if who not in {"broken", "bearer"}),
    "staff": ("clerk", "admin"),
    "others": tuple(who for who in VISITORS if who not in {"clerk", "admin"}),
}

EVERYWHERE = """
URL                                     method   all
/                                       ANY      302
/                                       TRACE    405
/                                       CONNECT  405
/                                       QUERY    405
/nowhere                                ANY      404
/static/admin/css/base.css              ANY      405
/static/admin/css/base.css              GET      200
/static/nothing.css                     ANY      404
/health/live                            ANY      405
/health/live                            GET      200
/health/ready                           ANY      405
/health/ready                           GET      200
"""
"""No bus runs beside this test; a web process is ready without one."""

DOCS = """
URL                                     method   all
/api/docs                               ANY      405
/api/docs                               GET      200
/api/schema                             ANY      405
/api/schema                             GET      200
"""

VAULT = """
URL                                     method   all
/api/cards                              ANY      405
/api/cards                              OPTIONS  200
/api/cards                              POST     201
"""

SHOP = """
URL                                     method   nobody guest holder ada grace staff bad
/api/orders                             ANY      405    405   405    405 405   405   401
/api/orders                             GET      401    401   401    200 200   200   401
/api/orders                             OPTIONS  401    401   401    200 200   200   401
/api/orders                             POST     202    202   202    202 202   202   401
/api/orders/{adas}                      ANY      405    405   405    405 405   405   401
/api/orders/{adas}                      OPTIONS  200    200   200    200 200   200   401
/api/orders/{adas}                      GET      404    404   404    200 404   200   401
/api/orders/{guests}                    ANY      405    405   405    405 405   405   401
/api/orders/{guests}                    OPTIONS  200    200   200    200 200   200   401
/api/orders/{guests}                    GET      404    404   200    404 404   200   401
/api/orders/{unknown}                   ANY      405    405   405    405 405   405   401
/api/orders/{unknown}                   OPTIONS  200    200   200    200 200   200   401
/api/orders/{unknown}                   GET      404    404   404    404 404   404   401
/api/orders/{adas}/cancel               ANY      405    405   405    405 405   405   401
/api/orders/{adas}/cancel               OPTIONS  200    200   200    200 200   200   401
/api/orders/{adas}/cancel               POST     404    404   404    202 404   202   401
/api/orders/{guests}/cancel             ANY      405    405   405    405 405   405   401
/api/orders/{guests}/cancel             OPTIONS  200    200   200    200 200   200   401
/api/orders/{guests}/cancel             POST     404    404   202    404 404   202   401
/api/orders/{unknown}/cancel            ANY      405    405   405    405 405   405   401
/api/orders/{unknown}/cancel            OPTIONS  200    200   200    200 200   200   401
/api/orders/{unknown}/cancel            POST     404    404   404    404 404   404   401
/api/products                           ANY      405    405   405    405 405   405   401
/api/products                           OPTIONS  200    200   200    200 200   200   401
/api/products                           GET      {p}    {p}    {p}    {p} {p}   {p} 401
"""

LOGIN = """
URL                                     method   all
/api/token                              ANY      405
/api/token                              OPTIONS  200
/api/token                              POST     200
/api/session/login/                     ANY      405
/api/session/login/                     OPTIONS  200
/api/session/login/                     GET      200
/api/session/login/                     POST     302
/api/session/logout/                    ANY      405
/api/session/logout/                    OPTIONS  200
/api/session/logout/                    POST     302
"""

ADMIN = """
URL                                     method   others clerk admin
/admin/                                 ANY      302    200   200
/admin/login/                           ANY      405    405   405
/admin/login/                           OPTIONS  200    200   200
/admin/login/                           GET      200    302   302
/admin/login/                           POST     302    302   302
/admin/login/                           PUT      200    200   200
/admin/logout/                          ANY      302    405   405
/admin/logout/                          OPTIONS  302    200   200
/admin/logout/                          POST     302    200   200
/admin/password_change/                 ANY      302    405   405
/admin/password_change/                 OPTIONS  302    200   200
/admin/password_change/                 GET      302    200   200
/admin/password_change/                 POST     302    200   200
/admin/password_change/                 PUT      302    200   200
/admin/password_change/done/            ANY      302    405   405
/admin/password_change/done/            OPTIONS  302    200   200
/admin/password_change/done/            GET      302    200   200
/admin/autocomplete/                    ANY      302    405   405
/admin/autocomplete/                    OPTIONS  302    200   200
/admin/autocomplete/                    GET      302    403   403
/admin/jsi18n/                          ANY      302    405   405
/admin/jsi18n/                          OPTIONS  302    200   200
/admin/jsi18n/                          GET      302    200   200
/admin/r/1/1/                           ANY      302    404   404
/admin/nowhere                          ANY      302    404   404
/admin/auth/                            ANY      302    404   200
/admin/auth/user/{user}/password/       ANY      302    403   200
"""
"""A page of the admin that is no class takes any method but POST for GET."""

APP = """
URL                                     method   others clerk admin
/admin/{app}/                           ANY      302    404   200
"""

READ_ONLY = """
URL                                     method   others clerk admin
/admin/{model}/                         ANY      302    403   200
/admin/{model}/add/                     ANY      302    403   403
/admin/{model}/{pk}/                    ANY      302    302   302
/admin/{model}/{pk}/                    TRACE    302    405   405
/admin/{model}/{pk}/                    CONNECT  302    405   405
/admin/{model}/{pk}/                    QUERY    302    405   405
/admin/{model}/{pk}/change/             ANY      302    403   200
/admin/{model}/{pk}/change/             POST     302    403   403
/admin/{model}/{pk}/history/            ANY      302    403   200
/admin/{model}/{pk}/delete/             ANY      302    403   403
"""
CHANGEABLE = """
URL                                     method   others clerk admin
/admin/{model}/                         ANY      302    403   200
/admin/{model}/add/                     ANY      302    403   200
/admin/{model}/{pk}/                    ANY      302    302   302
/admin/{model}/{pk}/                    TRACE    302    405   405
/admin/{model}/{pk}/                    CONNECT  302    405   405
/admin/{model}/{pk}/                    QUERY    302    405   405
/admin/{model}/{pk}/change/             ANY      302    403   200
/admin/{model}/{pk}/history/            ANY      302    403   200
/admin/{model}/{pk}/delete/             ANY      302    403   {delete}
/admin/{model}/{pk}/delete/             POST     302    403   {deleted}
"""
LEDGER = """
URL                                     method   others clerk admin
/admin/inventory/movement/              ANY      302    403   200
/admin/inventory/movement/add/          ANY      302    403   200
/admin/inventory/movement/1/            ANY      302    302   302
/admin/inventory/movement/1/            TRACE    302    405   405
/admin/inventory/movement/1/            CONNECT  302    405   405
/admin/inventory/movement/1/            QUERY    302    405   405
/admin/inventory/movement/1/change/     ANY      302    403   200
/admin/inventory/movement/1/change/     POST     302    403   403
/admin/inventory/movement/1/history/    ANY      302    403   200
/admin/inventory/movement/1/delete/     ANY      302    403   403
"""
"""Adding to the ledger means receiving stock."""

CARDS = """
URL                                     method   others clerk admin
/admin/payments/card/                   ANY      302    403   200
/admin/payments/card/add/               ANY      302    403   403
/admin/payments/card/{card}/            ANY      302    302   302
/admin/payments/card/{card}/            TRACE    302    405   405
/admin/payments/card/{card}/            CONNECT  302    405   405
/admin/payments/card/{card}/            QUERY    302    405   405
/admin/payments/card/{card}/change/     ANY      302    403   302
/admin/payments/card/{card}/change/     POST     302    403   403
/admin/payments/card/{card}/history/    ANY      302    302   302
/admin/payments/card/{card}/delete/     ANY      302    403   403
"""
"""A card's page would have the card's token for its address, so there is none."""
