from calls import start
def test_it(client):
    c = start(client)
    t = c.say("where is my order LC-1234")
    assert t["action"] == "answer"
