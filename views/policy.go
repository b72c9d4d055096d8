package views

// Policy is what administrators decide about who may bring whom.
type Policy struct {
	Words
	// Visit is the sealed visit, Version that of the policy shown.
	Visit, Version string
	// Said tells what became of the last press of the button, Trouble why it did
	// not do what it should have.
	Said, Trouble string
	// By says who changed the policy last; "" when nobody did.
	By    string
	Cards []PolicyCard
	// Adders may add people, Barred nobody may add.
	Adders, Barred Holders
	// Confirm and Days are numbers as typed, MaxConfirm and MaxDays the most they
	// may be. Usual says how long the journal is kept otherwise.
	Confirm, MaxConfirm, Days, MaxDays, Usual string
	NoteRequired                              bool
	Ways                                      []Way
	Delegated                                 bool
}

// PolicyCard is a kind of card.
type PolicyCard struct {
	// Value is what the form sends.
	Value, Name string
	Shown       bool
}

// Holders are people, departments and groups that are chosen, and a field for
// more.
type Holders struct {
	Words
	// Name begins the names of the fields.
	Name                string
	Title, Help, Chosen string
	All                 []Holder
	// Typed is what stands in the field.
	Typed string
}

// Holder is one of them.
type Holder struct {
	// Code is what the portal knows them by.
	Code, Name string
}
