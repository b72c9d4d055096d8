package views

// Suggested are the people suggested before anything is typed. The script
// moves those of the last group who were added together with whom people chose
// into the last but one, and leaves out those beyond the first few.
type Suggested struct {
	Words
	Groups []SuggestedGroup
}

// SuggestedGroup are people suggested for one reason.
type SuggestedGroup struct {
	// ID names the group within the page.
	ID, Reason string
	// Crowds are choices that stand for several people.
	Crowds  []Crowd
	Options []Option
}
