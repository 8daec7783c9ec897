-- For wrk: every request makes a note.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"title":"Milk","content":"Two bottles of milk, a loaf of bread, and what else there is to eat."}'
