package views

// Installed is the page that tells the portal that the installation is done.
type Installed struct {
	Page
	// Tab is the name of our tab in the cards.
	Tab string
}
