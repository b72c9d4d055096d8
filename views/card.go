package views

// Card is the page in the card of a CRM item: the customer's chats, and the
// form that adds colleagues to one of them.
type Card struct {
	Page
	// Visit is the sealed visit that every request of the page carries.
	Visit string
	// Item names the CRM item.
	Item     string
	Picker   Picker
	Remark   Remark
	Target   Target
	Results  Results
	Remarked Remarked
	Chats    Chats
	// Trouble is said above everything else; "" when all is well.
	Trouble string
	// ReadOnly says why the viewer may not add anybody, and whom to ask; "" when
	// they may.
	ReadOnly string
	// SureAbove is how many people may be added at once without ticking Sure; ""
	// for any number.
	SureAbove, Sure string
	// Asked says who asks for what the form holds; "" where nobody does.
	Asked string
}

// Target says which chat people will be added to.
type Target struct {
	Words
	// Into names the chosen chat, or says that there is none.
	Into string
	// Sees tells what those who are added will see, and who reads them.
	Sees string
	// Ready tells that some chat can take people, None that surely no chat can.
	Ready, None bool
}

// Face is a person as shown in a list.
type Face struct {
	Name     string
	Photo    string
	Initials string
	// Hue is the class of the colour behind the initials.
	Hue string
	// Role says what the person is in the chat; "" for an ordinary participant.
	Role string
	// Remove is what the button sends that takes the person out of the chat,
	// and Removes what it says; "" where there is none.
	Remove, Removes string
}
