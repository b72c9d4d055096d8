package app

// FindingID names what a check found.
type FindingID string

// What checks find, each with the values that it has.
const (
	// FoundNothing: the question was not answered.
	FoundNothing FindingID = "unanswered"

	// ScopesGranted has the Names of all permissions that were granted.
	ScopesGranted FindingID = "scopes_granted"
	// ScopeNeeded, ScopeMessenger and ScopeDepartments have the Name of a
	// permission that is missing: one that nothing works without, the one to send
	// notices and show photos, and the one to find people by department.
	ScopeNeeded      FindingID = "scope_needed"
	ScopeMessenger   FindingID = "scope_im"
	ScopeDepartments FindingID = "scope_department"

	// PlacementsBound has the URL that the tabs lead to.
	PlacementsBound FindingID = "placements_bound"
	// PlacementMissing has as Name the code of a place without our tab;
	// PlacementStale the code of a tab that leads elsewhere, to the URL, or has
	// old titles, or stands where it should not.
	PlacementMissing FindingID = "placement_missing"
	PlacementStale   FindingID = "placement_stale"

	// EventsBound has the URL that events go to; EventsMissing the Names of events
	// that do not go there.
	EventsBound   FindingID = "events_bound"
	EventsMissing FindingID = "events_missing"
	// EventSeen has the Time at which an event arrived last.
	EventSeen  FindingID = "event_seen"
	EventNever FindingID = "event_never"

	// These have the Name of whoever installed Joinline, or as Name the number of
	// that person: they can act for it, were dismissed, may not use it any more,
	// are no administrator any more, or their token is dead.
	CaretakerFine      FindingID = "caretaker_fine"
	CaretakerDismissed FindingID = "caretaker_dismissed"
	CaretakerBarred    FindingID = "caretaker_barred"
	CaretakerDemoted   FindingID = "caretaker_demoted"
	CaretakerDead      FindingID = "caretaker_dead"

	// ChannelOpen has the Name of an Open Channel, and the Count of people in its
	// queue. ChannelEmpty has nobody there, ChannelOff is switched off.
	ChannelOpen  FindingID = "channel_open"
	ChannelEmpty FindingID = "channel_empty"
	ChannelOff   FindingID = "channel_off"
	ChannelsNone FindingID = "channels_none"
	// ConnectorOff has the Name of a connector that seemed to be switched off when
	// a card was opened, and the Time of that.
	ConnectorOff FindingID = "connector_off"

	// DirectoryRead has the Count of people and the Time at which they were read;
	// DirectoryOld too, and that is too long ago.
	DirectoryRead FindingID = "directory_read"
	DirectoryOld  FindingID = "directory_old"
	DirectoryNone FindingID = "directory_none"

	// PublicReached has the public URL; PublicLocal one that leads to this machine.
	PublicReached FindingID = "public_reached"
	PublicLocal   FindingID = "public_local"
	// PublicUnresolved has the Name of a host without an address, PublicSilent the
	// URL that does not answer, PublicStranger the URL at which something else does.
	PublicUnresolved FindingID = "public_unresolved"
	PublicSilent     FindingID = "public_silent"
	PublicStranger   FindingID = "public_stranger"
	// PublicCertificate and PublicCertificateOld have the Time at which the
	// certificate ends; PublicCertificateBad has the Name of a host whose
	// certificate browsers refuse.
	PublicCertificate    FindingID = "public_certificate"
	PublicCertificateOld FindingID = "public_certificate_old"
	PublicCertificateBad FindingID = "public_certificate_bad"
	// PublicFramed has the URL of a portal whose pages may show ours; PublicBarred
	// has as Name the header that keeps them from it, PublicStripped the one that is
	// lost on the way to a browser.
	PublicFramed   FindingID = "public_framed"
	PublicBarred   FindingID = "public_barred"
	PublicStripped FindingID = "public_stripped"
	// PublicPlain has the URL that is served without TLS.
	PublicPlain FindingID = "public_plain"

	// AuthReached has the URL of an authorisation server and its Milliseconds;
	// AuthSilent and AuthKeys have the URL of one that does not answer, or refuses
	// the application's keys.
	AuthReached FindingID = "auth_reached"
	AuthSilent  FindingID = "auth_silent"
	AuthKeys    FindingID = "auth_keys"

	// The limits are those of the last hour. LimitsCalm has the Count of requests,
	// LimitsWaited of those that waited, for Milliseconds altogether, LimitsHeld
	// of those not sent, LimitsRefused of those refused, LimitsSilent of those not
	// answered.
	LimitsCalm    FindingID = "limits_calm"
	LimitsWaited  FindingID = "limits_waited"
	LimitsHeld    FindingID = "limits_held"
	LimitsRefused FindingID = "limits_refused"
	LimitsSilent  FindingID = "limits_silent"
	// LimitsBlocked has the Name of a method that is refused until a Time.
	LimitsBlocked FindingID = "limits_blocked"
	LimitsResting FindingID = "limits_resting"

	// DatabaseFine has the kind and version as Name, and its Milliseconds;
	// DatabaseSlow too. DatabaseReadOnly has the Name.
	DatabaseFine     FindingID = "database_fine"
	DatabaseSlow     FindingID = "database_slow"
	DatabaseReadOnly FindingID = "database_readonly"
	DatabaseDown     FindingID = "database_down"

	// VersionIs has the version as Name; ReplicasAre the Count of processes.
	VersionIs       FindingID = "version_is"
	ReplicasAre     FindingID = "replicas_are"
	ReplicasOneFile FindingID = "replicas_one_file"
)
