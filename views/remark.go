package views

// Remark is the part of the form that says why people are added.
type Remark struct {
	Words
	// Add names the add that the page is about to make.
	Add string
	// Text is what was typed, Texts what was typed before.
	Text  string
	Texts []string
	// Ways are where it can go.
	Ways []Way
	// Plan says in few words where it goes as the form stands.
	Plan string
	// Count says how long the text is, of which the script keeps {} true.
	Count, CountOf string
	// Max is how long it may be.
	Max string
	// Barred says why it cannot go everywhere; "" when it can.
	Barred string
	// Open shows it unfolded.
	Open bool
	// Required is said where nobody is added without one; "" where that is free.
	Required string
}

// Way is one place a remark can go.
type Way struct {
	// Name is the field's.
	Name   string
	Chosen bool
	// Label and Help say where it goes and who will see it, Plan the same in
	// few words.
	Label, Help, Plan string
}

// Remarked tells what became of a remark.
type Remarked struct {
	Words
	Lines []RemarkLine
	// Said is the same in one sentence, for people who listen.
	Said string
}

// RemarkLine is about one kind of message.
type RemarkLine struct {
	// Kind is the class: done, refused or unknown.
	Kind string
	Text string
}
