kubectl set selector service/stock app=stock -n {namespace}
