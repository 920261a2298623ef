"""What people and programs are told without having asked: few things, and nothing personal.

`sources` says what there is to tell; `sweeping` compares it with what was told before, a look at a
time, so that nothing in the flow of objects waits for it and a crash loses nothing. People find it
in `inbox`, by mail in `digest`; programs get it by `webhooks` and `dispatching`.
"""
