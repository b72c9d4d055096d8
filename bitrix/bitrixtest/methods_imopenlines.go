package bitrixtest

// imopenlinesMethods are the methods of the scope imopenlines.
var imopenlinesMethods = map[string]method{
	"imopenlines.crm.chat.get":            {scope: "imopenlines", run: crmChatGet},
	"imopenlines.crm.chat.getLastId":      {scope: "imopenlines", run: crmChatGetLastID},
	"imopenlines.crm.chat.user.add":       {scope: "imopenlines", run: crmChatUserAdd},
	"imopenlines.crm.chat.user.delete":    {scope: "imopenlines", run: crmChatUserDelete},
	"imopenlines.crm.message.add":         {scope: "imopenlines", run: crmMessageAdd},
	"imopenlines.dialog.get":              {scope: "imopenlines", run: linesDialogGet},
	"imopenlines.session.history.get":     {scope: "imopenlines", run: sessionHistoryGet},
	"imopenlines.session.open":            {scope: "imopenlines", run: sessionOpen},
	"imopenlines.session.join":            {scope: "imopenlines", run: sessionJoin},
	"imopenlines.session.start":           {scope: "imopenlines", run: sessionStart},
	"imopenlines.session.intercept":       {scope: "imopenlines", run: sessionIntercept},
	"imopenlines.session.mode.silent":     {scope: "imopenlines", run: sessionModeSilent},
	"imopenlines.operator.answer":         {scope: "imopenlines", run: operatorAnswer},
	"imopenlines.operator.skip":           {scope: "imopenlines", run: operatorSkip},
	"imopenlines.operator.spam":           {scope: "imopenlines", run: operatorSpam},
	"imopenlines.operator.finish":         {scope: "imopenlines", run: operatorFinish},
	"imopenlines.operator.another.finish": {scope: "imopenlines", run: operatorAnotherFinish},
	"imopenlines.operator.transfer":       {scope: "imopenlines", run: operatorTransfer},
	"imopenlines.config.get":              {scope: "imopenlines", run: configGet},
	"imopenlines.config.list.get":         {scope: "imopenlines", run: configListGet},
}
