package views

// Results tell what became of everybody who was to be added.
type Results struct {
	Words
	Groups []ResultGroup
	// Said is the same in one sentence, for people who listen.
	Said string
	// Stale tells that the chats on the page are no longer the true ones.
	Stale bool
}

// ResultGroup is about everybody who was to be added to one chat.
type ResultGroup struct {
	// ID is the chat's, Ref the sealed reference that chooses it.
	ID, Ref string
	// Chat names it; "" where it is the only one.
	Chat  string
	Lines []Result
	// Steps help several of them at once.
	Steps []Step
	// Said is the same in one sentence, for people who listen.
	Said string
	// Stale tells that the chats on the page are no longer the true ones.
	Stale bool
	// New is the sealed reference to those who are new in the chat; "" for nobody.
	New string
}

// Result is one person's.
type Result struct {
	Words
	// ID names the line: that of the chat and that of the person.
	ID, UserID, Name string
	// Kind is the class: done, same, refused, skipped or unknown.
	Kind string
	// Text names the person and says what happened; Help says what helps.
	Text, Help string
	// Position tells namesakes apart; it may be empty.
	Position string
	// Ref is the sealed reference to somebody who may be tried again; "" when
	// nothing is left to do.
	Ref string
	// Observe is what the button sends that lets the person read the CRM item;
	// "" where that would not help.
	Observe string
	// Undo is what the button sends that takes the person out of the chat
	// again; "" where there is none.
	Undo string
	// Steps are what may help next.
	Steps []Step
}

// selected is the value of an ARIA attribute.
func selected(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}
