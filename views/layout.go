package views

// Page is what every page has in common.
type Page struct {
	Words
	// Title is the document's title.
	Title string
	// Static is the path that the assets of this version stand under.
	Static string
	// Parent is the origin of the portal around the page; "" outside of one.
	Parent string
	// Scripts are the modules that the page runs, by file name, and Modules
	// those that they import.
	Scripts, Modules []string
	// Styles are style sheets beside the one of all pages, by file name.
	Styles []string
}
