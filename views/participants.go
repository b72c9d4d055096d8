package views

// Results tell what became of everybody who was to be added.
type Results struct {
	Words
	Lines []Result
	// Said is the same in one sentence, for people who listen.
	Said string
	// Stale tells that the chats on the page are no longer the true ones.
	Stale bool
}

// Result is one person's.
type Result struct {
	UserID string
	// Kind is the class: done, same, refused, skipped or unknown.
	Kind string
	// Text names the person and says what happened; Help says what helps.
	Text, Help string
	// Position tells namesakes apart; it may be empty.
	Position string
}

// selected is the value of an ARIA attribute.
func selected(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}
