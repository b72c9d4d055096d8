package bitrixtest

// imMethods are the methods of the scope im.
var imMethods = map[string]method{
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
