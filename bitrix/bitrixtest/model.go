package bitrixtest

import "time"

// World is everything a portal knows: its people, CRM, Open Channels and
// messenger. Its fields are the portal's tables. A World belongs to one
// [Portal] and is read and changed only under that portal's lock, that is
// inside [Portal.Do] or a REST method.
type World struct {
	// Users are added, and put in the place of others, by AddUser only.
	Users       map[int]*User
	Departments map[int]*Department
	Workgroups  map[int]*Workgroup
	Items       map[ItemKey]*Item
	Lines       map[int]*Line
	Connectors  map[string]*Connector
	Chats       map[int]*Chat
	Sessions    map[int]*Session
	Activities  map[int]*Activity
	// Recents lists, per user, the unaccepted dialogs in the person's Open Channels list.
	Recents       map[int]map[int]bool
	Notifications []*Notification
	Timeline      []*TimelineComment
	// KnownTypes are dynamic CRM types (smart processes) the portal has, by their type id.
	KnownTypes map[int]string
	// NextID numbers everything that is created later; ids of the tables never meet.
	NextID int

	now      func() time.Time
	language string
	sorted   []*User      // of Users, by id; see people
	staff    int          // how many people were generated
	changed  map[int]bool // those of them who were changed since
	// fire tells the application event handlers; user 0 is nobody.
	fire func(event string, data map[string]any, user int)
}

// UserType tells the kinds of users a portal keeps apart.
type UserType string

// The kinds of users.
const (
	Employee UserType = "employee"
	Extranet UserType = "extranet"
	Email    UserType = "email"
	BotUser  UserType = "bot"
	Customer UserType = "connector"
)

// User is one user of the portal.
type User struct {
	ID                         int
	Active                     bool
	Name, LastName, SecondName string
	Position                   string
	Email                      string
	Photo                      string
	Gender                     string // "M" or "F"
	Departments                []int
	Type                       UserType
	ExternalAuthID             string // "", "bot", "imconnector", "email"
	Accepted                   bool   // accepted the invitation, has logged in
	Admin                      bool
	Language                   string
	LastActivity               time.Time
	AbsentUntil                time.Time
	// Rights are the person's CRM reading levels by type name; administrators read all.
	Rights map[string]CRMLevel
	// Update is the same for changing items.
	Update map[string]CRMLevel
	// Levels are the person's Open Channel role levels by "ENTITY:ACTION", for
	// example "HISTORY:view"; administrators always have the highest.
	Levels map[string]Level
	// NotifyOff: the person switched application notices off.
	NotifyOff bool

	search *searchEntry // what the person was last found by
}

// CRMLevel is how far a role lets its holder read a type of CRM items.
type CRMLevel string

// The reading levels of CRM roles.
const (
	CRMNone           CRMLevel = ""
	CRMOwn            CRMLevel = "own"
	CRMDepartment     CRMLevel = "department"
	CRMSubdepartments CRMLevel = "subdepartments"
	CRMOpened         CRMLevel = "opened"
	CRMAll            CRMLevel = "all"
)

// Level is a level of an Open Channel role.
type Level string

// The levels of Open Channel roles.
const (
	LevelNone       Level = ""
	LevelOwn        Level = "A"
	LevelDepartment Level = "D"
	LevelAny        Level = "X"
)

// Department is a unit of the company structure; Parent 0 is the root.
type Department struct {
	ID, Parent, Head, Sort int
	Name                   string
}

// Workgroup makes extranet people visible to its members.
type Workgroup struct {
	ID      int
	Name    string
	Members []int
}

// ItemKey names one CRM item: LEAD, DEAL, CONTACT, COMPANY, QUOTE … and its id.
type ItemKey struct {
	Type string
	ID   int
}

// Item is one CRM item.
type Item struct {
	ItemKey
	Title      string
	AssignedBy int
	CreatedBy  int
	Observers  []int
	Opened     bool
	Contacts   []int
	Company    int
	Companies  []int // of a contact
	Lead       int
	Category   int
	Stage      string
	MyCompany  bool
	Multi      []MultiField
	Created    time.Time
}

// MultiField is a phone, e-mail or messenger address of an item.
type MultiField struct {
	ID                       int
	TypeID, ValueType, Value string
}

// Line is one Open Channel.
type Line struct {
	ID         int
	Name       string
	Active     bool
	ModifiedBy int
	Queue      []QueueEntry
	CRMCreate  string // none, lead, deal
	QueueType  string // evenly, strictly, all
}

// QueueEntry is one entry of a line's queue: a user or a department.
type QueueEntry struct {
	Type string // "user" or "department"
	ID   int
}

// Connector is a channel type.
type Connector struct {
	ID, Title string
	Active    bool
}

// Chat is the messenger chat with one customer.
type Chat struct {
	ID            int
	Name          string
	Color         string
	Connector     string
	Line          int
	ExternalChat  string // the chat's id at the connector
	Customer      int
	Owner         int // the operator; 0 is nobody
	CRMEnabled    bool
	Primary       ItemKey // entity_data_1; zero: none
	Session       int     // the session that is not closed; 0: none
	SessionStart  time.Time
	Bound         map[string]int // entity_data_2: type → id
	Silent        bool
	Created       time.Time
	Members       []*Member
	Messages      []*Message
	LastMessageID int
}

// Member is one user's place in a chat.
type Member struct {
	User       int
	Hidden     bool
	Manager    bool
	LastReadID int
	Muted      bool
	Counter    int
}

// Message is one line of a chat.
type Message struct {
	ID     int
	Author int // 0: system
	Text   string
	System bool
	Code   string // "CHAT_JOIN" …
	// HiddenFromCustomer stays inside the portal; SentToCustomer went out through the connector.
	HiddenFromCustomer, SentToCustomer bool
	Date                               time.Time
}

// The states of a session (portal source: imopenlines/lib/session.php).
const (
	StatusNew          = 0
	StatusSkipped      = 5
	StatusAnswered     = 10
	StatusClient       = 20
	StatusClientAfter  = 25
	StatusOperator     = 40
	StatusWaitClosing  = 50
	StatusClosed       = 60
	StatusSpam         = 65
	StatusDuplicate    = 69
	StatusSilentlyShut = 75
)

// Session is one handling cycle inside a chat.
type Session struct {
	ID, Chat, Line, Operator, Status int
	Created, Modified, Closed        time.Time
}

// Activity is the CRM activity of one session; it binds the session to items.
type Activity struct {
	ID, Session, Chat int
	Connector         string // RESULT_SOURCE_ID
	Communication     string // "imol|connector|line|chat|user"
	LastUpdated       time.Time
	Responsible       int
	Bindings          []ItemKey
}

// Notification is an entry of a person's notification centre.
type Notification struct {
	ID, User, Author int
	App              string // client id for notices of an application
	Text             string
	// Tag is unique among the notices that an application sent to one person;
	// SubTag is not.
	Tag, SubTag string
	Date        time.Time
}

// TimelineComment is a comment in the timeline of an item.
type TimelineComment struct {
	ID, Author int
	Item       ItemKey
	Text       string
	Date       time.Time
}
