package views

// Chats are the customer's chats.
type Chats struct {
	Words
	// Summary answers at once how many chats can take people.
	Summary string
	// Several chats take people.
	Several bool
	Rows    []Chat
	// Reading is said while chats of linked items are still being read.
	Reading string
	// Notes follow the chats: where else was looked, what could not be read.
	Notes []string
	// Empty and Help stand in place of the chats when there are none.
	Empty, Help string
	// Said is for people who listen, when this is a piece that replaces another.
	Said string
}

// Chat is one chat of the list.
type Chat struct {
	Words
	ID string
	// Ref is the sealed reference that chooses the chat; "" when it cannot
	// take people.
	Ref     string
	Chosen  bool
	Channel string
	Name    string
	// Found says under which linked item the chat was found; "" for the
	// card's own.
	Found string
	// State and Kind are the badge: its words and its class.
	State, Kind string
	// Why and Help say why it cannot take people, and what helps.
	Why, Help string
	// People are the participants, as far as the portal tells.
	People []Face
	// More counts the participants that are not shown.
	More string
	// Called is how a sentence names the chat.
	Called string
	// Silent tells that what colleagues write there stays inside.
	Silent bool
	// Join is what the button sends that puts the viewer into the chat; "" where
	// there is none.
	Join string
	// Wish is what the button sends that waits for the chat, Unwish what takes
	// that back; "" where there is none. Wished says what is waited for.
	Wish, Unwish, Wished string
	// Start is what the button sends that begins a new dialog; "" where there is none.
	Start string
	// Known is the sealed reference by which the page asks how the chat stands.
	Known string
	// Past is who was added to it.
	Past Past
	// Dialog and URL open the chat: in the messenger, and without scripts.
	Dialog, URL string
}
