package bitrixtest

import "time"

// smallWorld is the world every portal begins with: few people and chats
// that together show every branch of the rules.
func smallWorld(w *World) {
	smallStaff(w)
	smallCRM(w)
	smallChats(w)
}

func smallStaff(w *World) {
	for _, d := range []Department{
		{ID: 1, Name: "Daisy Trading", Head: 1, Sort: 100},
		{ID: 5, Parent: 1, Name: "Sales", Head: 24, Sort: 200},
		{ID: 7, Parent: 1, Name: "Logistics", Sort: 300},
	} {
		w.Departments[d.ID] = &d
	}
	seen := w.now()
	own, all := crmRights(CRMOwn), crmRights(CRMAll)
	manager, head := channelLevels(LevelOwn), channelLevels(LevelAny)
	for _, u := range []User{
		{ID: 1, Name: "Anna", LastName: "Belova", Position: "Administrator", Gender: "F", Departments: []int{1}, Admin: true, Email: "anna@daisy.example"},
		{ID: 15, Name: "Ivan", LastName: "Petrov", Position: "Sales manager", Gender: "M", Departments: []int{5}, Rights: own, Levels: manager, Email: "ivan@daisy.example"},
		{ID: 22, Name: "Olga", LastName: "Sidorova", Position: "Logistics specialist", Gender: "F", Departments: []int{7}, Rights: own, Levels: manager, Email: "olga@daisy.example"},
		{ID: 23, Name: "Pavel", LastName: "Orlov", Position: "Delivery coordinator", Gender: "M", Departments: []int{7}, Rights: all, Levels: manager, Email: "pavel@daisy.example"},
		{ID: 24, Name: "Elena", LastName: "Morozova", Position: "Head of sales", Gender: "F", Departments: []int{5}, Rights: all, Levels: head, Email: "elena@daisy.example"},
		{ID: 30, Name: "Dmitri", LastName: "Volkov", Position: "Sales manager", Gender: "M", Departments: []int{5}, Rights: own, Levels: manager, Email: "dmitri@daisy.example"},
		{ID: 31, Name: "Igor", LastName: "Lebedev", Position: "Trainee", Gender: "M", Departments: []int{5}, Rights: all, Levels: manager, Email: "igor@daisy.example"},
		{ID: 40, Name: "Peter", LastName: "Stone", Position: "Partner", Gender: "M", Type: Extranet, Email: "peter@partner.example"},
		{ID: 50, Name: "Helper", Position: "Chat-bot", Gender: "M", Type: BotUser, ExternalAuthID: "bot"},
		{ID: 431, Name: "Ann", LastName: "Lee", Gender: "F", Type: Customer, ExternalAuthID: "imconnector"},
		{ID: 432, Name: "Ann", LastName: "Lee", Gender: "F", Type: Customer, ExternalAuthID: "imconnector"},
		{ID: 433, Name: "Bruno", LastName: "Keller", Gender: "M", Type: Customer, ExternalAuthID: "imconnector"},
		{ID: 434, Name: "Carla", LastName: "Rossi", Gender: "F", Type: Customer, ExternalAuthID: "imconnector"},
		{ID: 435, Name: "David", LastName: "Okafor", Gender: "M", Type: Customer, ExternalAuthID: "imconnector"},
	} {
		u.Active = u.ID != 30
		u.Accepted = u.ID != 31
		if u.Accepted {
			u.LastActivity = seen.Add(-time.Duration(u.ID) * time.Minute)
		}
		w.AddUser(u)
	}
	w.Workgroups[3] = &Workgroup{ID: 3, Name: "Partners", Members: []int{1, 15, 40}}
}

// crmRights gives one reading level for every type.
func crmRights(level CRMLevel) map[string]CRMLevel {
	rights := map[string]CRMLevel{}
	for _, t := range CRMTypes {
		rights[t] = level
	}
	return rights
}

// channelLevels are those of the default roles: an employee's with LevelOwn, a head's with LevelAny.
func channelLevels(level Level) map[string]Level {
	return map[string]Level{"LINES:view": LevelAny, "SESSION:view": level, "HISTORY:view": level, "JOIN:perform": level}
}

func smallCRM(w *World) {
	for _, i := range []Item{
		{ItemKey: ItemKey{"DEAL", 77}, Title: "Delivery of 40 chairs", AssignedBy: 15, Observers: []int{22}, Contacts: []int{31}, Company: 12, Stage: "PREPARATION"},
		{ItemKey: ItemKey{"DEAL", 78}, Title: "Office furniture, second floor", AssignedBy: 24, Stage: "NEW"},
		{ItemKey: ItemKey{"DEAL", 79}, Title: "Spare parts", AssignedBy: 1, Stage: "NEW"},
		{ItemKey: ItemKey{"DEAL", 80}, Title: "Repeat order", AssignedBy: 15, Contacts: []int{31}, Stage: "NEW"},
		{ItemKey: ItemKey{"CONTACT", 31}, Title: "Ann Lee", AssignedBy: 15, Companies: []int{12}, Company: 12, Multi: []MultiField{
			{ID: 1, TypeID: "PHONE", ValueType: "WORK", Value: "+1 555 0134"}, {ID: 2, TypeID: "EMAIL", ValueType: "WORK", Value: "ann@lee.example"},
		}},
		{ItemKey: ItemKey{"COMPANY", 12}, Title: "Lee & Partners", AssignedBy: 15, Contacts: []int{31}, Multi: []MultiField{
			{ID: 3, TypeID: "WEB", ValueType: "WORK", Value: "https://lee.example"},
		}},
		{ItemKey: ItemKey{"LEAD", 55}, Title: "Question about benches", AssignedBy: 15, Stage: "NEW", Multi: []MultiField{
			{ID: 4, TypeID: "PHONE", ValueType: "MOBILE", Value: "+1 555 0177"},
		}},
	} {
		w.AddItem(i)
	}
}

func smallChats(w *World) {
	w.AddConnector("telegrambot", "Telegram")
	w.AddConnector("livechat", "Live Chat")
	w.AddConnector("whatsappbytwilio", "WhatsApp")
	w.AddConnector("facebook", "Facebook").Active = false
	w.AddLine(Line{ID: 5, Name: "Sales line", Active: true, ModifiedBy: 1, Queue: []QueueEntry{{"user", 15}, {"user", 23}}, CRMCreate: "lead", QueueType: "evenly"})
	w.AddLine(Line{ID: 6, Name: "Key accounts", Active: true, ModifiedBy: 1, Queue: []QueueEntry{{"user", 24}}, CRMCreate: "none", QueueType: "all"})
	deal := func(id int) ItemKey { return ItemKey{"DEAL", id} }
	ann := ItemKey{"CONTACT", 31}
	w.AddChat(NewChat{ID: 1701, Name: "Ann Lee - Sales line", Connector: "livechat", Line: 5, Customer: 432, Items: []ItemKey{deal(77)}, Status: StatusClosed, Operator: 15,
		Texts: []string{"Hello, do you deliver on Saturdays?", "Good morning! Yes, from 9 to 14."}})
	w.AddChat(NewChat{ID: 1770, Name: "Ann Lee - Key accounts", Connector: "telegrambot", Line: 6, Customer: 431, Items: []ItemKey{ann}, Status: StatusClient, Operator: 24,
		Texts: []string{"Could we talk about next year's contract?"}})
	w.AddChat(NewChat{ID: 1780, Name: "Bruno Keller - Sales line", Connector: "whatsappbytwilio", Line: 5, Customer: 433, Items: []ItemKey{deal(78)}, Status: StatusNew,
		Texts: []string{"Hi, is anybody there?"}})
	w.AddChat(NewChat{ID: 1790, Name: "Carla Rossi - Sales line", Connector: "facebook", Line: 5, Customer: 434, Items: []ItemKey{deal(79)}, Status: StatusOperator, Operator: 15,
		Texts: []string{"Do you have the part 12-40?", "One moment, I am looking."}})
	w.AddChat(NewChat{ID: 1755, Name: "David Okafor - Sales line", Connector: "whatsappbytwilio", Line: 5, Customer: 435, Items: []ItemKey{{"LEAD", 55}}, Status: StatusClient, Operator: 15,
		Texts: []string{"How much is the oak bench?"}})
	main := w.AddChat(NewChat{ID: 1763, Name: "Ann Lee - Sales line", Connector: "telegrambot", Line: 5, Customer: 431, Items: []ItemKey{deal(77), ann}, Status: StatusOperator, Operator: 15,
		Texts: []string{"When will the chairs arrive?", "Let me ask our logistics department."}})
	main.Bound["COMPANY"] = 12
}
