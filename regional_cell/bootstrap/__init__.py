"""Where the parts of a cell meet: the only room that knows both services and what keeps their promises.

`stores` and `directory` make the parts below the services, `cell` makes the rest and runs it. Imported by
`__main__`.
"""
