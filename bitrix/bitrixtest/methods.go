package bitrixtest

// method is one entry of the table of REST methods.
type method struct {
	scope   string // "" is the basic scope; alternatives are separated by |
	appOnly bool   // refuses webhooks
	admin   bool   // refuses everybody but administrators
	run     func(c *call) (any, error)
}

// userScopes are the scopes any of which opens the user methods.
const userScopes = "user|user_basic|user_brief"

// allMethods is the table of every REST method the portal knows.
func allMethods() map[string]method {
	return map[string]method{
		// Of every token.
		"batch":       {run: batch},
		"server.time": {run: func(c *call) (any, error) { return isoDate(c.portal.options.Now()), nil }},
		"scope":       {run: scope},
		"methods":     {run: methodNames},
		"method.get":  {run: methodGet},
		"app.info":    {run: appInfo},
		"profile":     {run: profile},
		"user.admin":  {run: func(c *call) (any, error) { return c.user.Admin, nil }},
		"user.access": {run: userAccess},
		"access.name": {run: accessName},

		// Events: https://apidocs.bitrix24.com/api-reference/events/index.html
		"event.bind":   {appOnly: true, run: eventBind},
		"event.unbind": {appOnly: true, run: eventUnbind},
		"event.get":    {appOnly: true, run: eventGet},
		"event.test":   {appOnly: true, run: eventTest},
		"events":       {run: func(c *call) (any, error) { return grantedEvents(c.scopes), nil }},

		// Placements: https://apidocs.bitrix24.com/api-reference/widgets/placement-bind.html
		"placement.bind":   {scope: "placement", appOnly: true, admin: true, run: placementBind},
		"placement.unbind": {scope: "placement", appOnly: true, admin: true, run: placementUnbind},
		"placement.get":    {scope: "placement", appOnly: true, admin: true, run: placementGet},
		"placement.list":   {scope: "placement", appOnly: true, run: placementList},

		// People and departments.
		"user.get":          {scope: userScopes, run: userGet},
		"user.search":       {scope: userScopes, run: userSearch},
		"user.current":      {scope: userScopes, run: userCurrent},
		"user.fields":       {scope: userScopes, run: userFieldTitles},
		"user.online":       {scope: userScopes, run: userOnline},
		"department.get":    {scope: "department", run: departmentGet},
		"department.fields": {scope: "department", run: departmentFields},

		// CRM.
		"crm.item.get":                  {scope: "crm", run: crmItemGet},
		"crm.item.list":                 {scope: "crm", run: crmItemList},
		"crm.item.update":               {scope: "crm", run: crmItemUpdate},
		"crm.deal.get":                  {scope: "crm", run: crmOldGet("DEAL")},
		"crm.lead.get":                  {scope: "crm", run: crmOldGet("LEAD")},
		"crm.contact.get":               {scope: "crm", run: crmOldGet("CONTACT")},
		"crm.company.get":               {scope: "crm", run: crmOldGet("COMPANY")},
		"crm.deal.contact.items.get":    {scope: "crm", run: crmLinks("DEAL", "CONTACT_ID")},
		"crm.contact.company.items.get": {scope: "crm", run: crmLinks("CONTACT", "COMPANY_ID")},
		"crm.timeline.comment.add":      {scope: "crm", run: crmTimelineCommentAdd},

		// Open Channels.
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

		// The messenger.
		"im.user.get":                   {scope: "im", run: imUserGet},
		"im.user.list.get":              {scope: "im", run: imUserListGet},
		"im.user.status.get":            {scope: "im", run: imUserStatusGet},
		"im.dialog.get":                 {scope: "im", run: imDialogGet},
		"im.dialog.users.list":          {scope: "im", run: imDialogUsersList},
		"im.chat.get":                   {scope: "im", run: imChatGet},
		"im.chat.leave":                 {scope: "im", run: imChatLeave},
		"im.chat.user.list":             {scope: "im", run: imChatUserList},
		"im.chat.user.add":              {scope: "im", run: imChatUserAdd},
		"im.chat.user.delete":           {scope: "im", run: imChatUserDelete},
		"im.search.user.list":           {scope: "im", run: imSearchUserList},
		"im.search.department.list":     {scope: "im", run: imSearchDepartmentList},
		"im.department.get":             {scope: "im", run: imDepartmentGet},
		"im.department.employees.get":   {scope: "im", run: imDepartmentEmployees},
		"im.department.managers.get":    {scope: "im", run: imDepartmentManagers},
		"im.department.colleagues.list": {scope: "im", run: imDepartmentColleagues},
		"im.notify.personal.add":        {scope: "im", run: imNotifyPersonalAdd},
		"im.notify.system.add":          {scope: "im", run: imNotifySystemAdd},
		"im.message.add":                {scope: "im", run: imMessageAdd},
		"im.counters.get":               {scope: "im", run: imCountersGet},
		"im.recent.list":                {scope: "im", run: imRecentList},
	}
}
