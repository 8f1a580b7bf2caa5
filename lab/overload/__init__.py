"""More is asked than can be done: what still gets done?"""
