package views

// Settings is what a person sets for themselves.
type Settings struct {
	Words
	// Visit is the sealed visit.
	Visit string
	// Said tells what became of the last press of the button.
	Said      string
	Languages []Language
	// Text stands in a new remark from the start; Max is how long it may be.
	Text, Max string
	// Ways are where a remark can go.
	Ways []Way
}

// Language is one that there is a catalog of.
type Language struct {
	// Tag is its BCP 47 tag, Name what it calls itself.
	Tag, Name string
	Chosen    bool
}
