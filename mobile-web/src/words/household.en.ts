import type { Preset, Right } from "../household/access";
import type { PasskeyTrouble } from "../identity/passkey";

/** English texts of the household's pages. */
export const household = {
	title: "Household",
	open: "Phones, invitations, log",
	mine: "Your rights",
	askAdmin: "A phone with “admin” can allow more.",

	line: {
		connecting: "Connecting to the doorbell…",
		away: "The doorbell is away. Check its power and its network.",
		offline: "The server cannot be reached. Check this phone’s network.",
		stranger:
			"Whoever answered is not your doorbell, so nothing was asked. Tell the person who runs the server.",
		closed: "The doorbell does not answer now.",
		refused: "The doorbell did not let this phone in.",
		lastKnown: "You see what was last known. Changes need the doorbell.",
	},

	refused: {
		last_admin:
			"This is the last phone that may manage the household for good. Give another one “admin”, without an end or hours, first.",
		unknown: "That is not there any more. Somebody else may have changed it just now.",
		full: "There is no room for more. Remove something that is not needed.",
		rate: "That was too often. Wait a minute, then try again.",
		silent: "The doorbell did not answer. Try again.",
	},

	everything: "Everything",
	allButAdmin: "Everything but managing the household",
	nothing: "Nothing",
	everyDay: "Every day",
	nextDayMark: " (next day)",
	until: (when: string): string => `until ${when}`,
	over: (when: string): string => `Ended ${when}`,
	clockUnknown:
		"The doorbell does not know the time yet, so phones with limited times are kept out.",
	rightNames: {
		view: "See and hear",
		talk: "Talk",
		light: "Light",
		chime: "Chime",
		unlock: "Open the door",
		history: "Past visits",
		admin: "Manage the household",
	} satisfies Record<Right, string>,
	rightMeanings: {
		view: "Live picture and sound of the door, and rings.",
		talk: "Speak through the door, and send quick replies.",
		light: "Switch the light at the door.",
		chime: "Ring the chime in the house.",
		unlock: "Open the lock. Each opening is signed and logged.",
		history: "Recordings of those who came before.",
		admin: "Invite and remove phones, and change what they may do.",
	} satisfies Record<Right, string>,
	shortRights: {
		view: "see",
		talk: "talk",
		light: "light",
		chime: "chime",
		unlock: "open",
		history: "past visits",
		admin: "manage",
	} satisfies Record<Right, string>,

	list: {
		phones: "Phones",
		thisPhone: "this phone",
		calling: "calling now",
		invite: "Invite a phone",
		inviteOpen: "An invitation is open",
		tokens: "Other software",
		tokensLine: (count: number): string =>
			count === 0
				? "Home Assistant, go2rtc, OBS"
				: count === 1
					? "1 token"
					: `${String(count)} tokens`,
		rules: "Rules for opening",
		rulesLine: (passkey: boolean, broker: boolean): string =>
			[passkey ? "with a passkey" : "without a passkey", broker ? "home automation may open" : ""]
				.filter(Boolean)
				.join(" · "),
		passkey: "Passkey of this phone",
		passkeyYes: "Made",
		passkeyNo: "Not made yet",
		log: "Log",
		logLine: "Who did what, and when",
	},

	phone: {
		gone: "This phone does not belong to the household any more.",
		toList: "All phones",
		name: "Name",
		may: "May",
		times: "When",
		since: (when: string): string => `Paired ${when}.`,
		onlyAdmin:
			"This is the only phone that may manage the household for good. It can neither give that up nor be removed before another phone has “admin”, without an end or hours.",
		yourself: "This is the phone in your hand: what you take away, you take from yourself.",
		passkey: "Passkey",
		passkeyMade: "This phone has a passkey. Remove it to let the phone make a new one.",
		passkeyRemove: "Remove the passkey",
		passkeyRemoved: "The passkey is removed. The phone can make a new one.",
		save: "Save",
		saved: "Saved.",
		discard: "Discard",
		unsaved: "Not saved yet",
		remove: "Remove this phone",
		removeAsk: (name: string): string => `Remove “${name}”?`,
		removeWhat:
			"A call that it makes ends at once. To come back it needs a new invitation. The log keeps what it did.",
		removeYes: "Remove for good",
		removed: (name: string): string => `“${name}” is removed.`,
	},

	access: {
		until: "Only until",
		untilWhen: "Ends at",
		hours: "Only at some hours",
		hoursHint: "By the doorbell’s clock. Without hours the rights hold day and night.",
		from: "From",
		to: "To",
		nextDay: "Ends on the next day.",
		add: "Add hours",
		removeHours: (span: string): string => `Remove ${span}`,
		always: "Always, day and night.",
		faults: {
			no_rights: "Choose at least one thing that the phone may do.",
			until_past: "The end lies in the past. Choose a later time.",
			until_unreadable: "Choose the day and the time at which the rights end.",
			no_days: (span: string): string => `Choose at least one day for ${span}.`,
			no_time: "Choose when the hours begin and when they end.",
			same_times: (span: string): string =>
				`${span} begins and ends at the same time. Change one of them, or remove these hours for day and night.`,
			no_name: "Give the phone a name.",
		},
	},

	invite: {
		title: "Invite a phone",
		who: "Who comes?",
		presets: {
			family: "Family",
			guest: "Guest",
			delivery: "Delivery",
		} satisfies Record<Preset, string>,
		presetMeanings: {
			family: "Everything but managing the household, always.",
			guest: "See and talk. No opening, no past visits.",
			delivery: "See, talk and open from Monday to Saturday, for one week.",
		} satisfies Record<Preset, string>,
		change: "Change what it may do",
		make: "Make the code",
		show: "Let the other phone scan this with its camera.",
		code: "QR code with the invitation",
		once: "Works once.",
		left: (time: string): string => `${time} left`,
		tries: (count: number): string =>
			count === 1 ? "One try left." : `${String(count)} tries left.`,
		share: "Share the link",
		copy: "Copy the link",
		copyWord: "Copy",
		copied: "Copied.",
		notCopied: "This browser does not copy. Select the link and copy it by hand.",
		secret: "Whoever has the link may use it. Send it only to whom you mean.",
		shareText: (door: string): string => `An invitation to ${door}`,
		withdraw: "Withdraw",
		withdrawn: "The invitation is withdrawn.",
		used: (name: string): string => `“${name}” belongs to the household now`,
		usedHint: "The code cannot be used again.",
		toPhone: "What it may do",
		expired: "The code is too old now. Nobody used it.",
		void: "The code does not work any more: it was withdrawn, or tried too often.",
		again: "Invite another phone",
		elsewhere:
			"Another invitation is open. Its code is shown only where it was made; a new one makes it void.",
	},

	tokens: {
		title: "Other software",
		lead: "A token lets a program in without a phone: it can do one thing, and you can take it back.",
		make: "New token",
		name: "What is it for?",
		nameHint: "Home Assistant",
		kinds: { view: "See and hear", record: "Send recordings" },
		kindMeanings: {
			view: "Live picture and sound. It cannot talk, switch or open anything.",
			record: "Put recordings on your server. It sees nothing.",
		},
		until: "Only until",
		makeNow: "Make the token",
		made: (name: string): string => `The token “${name}”`,
		once: "It is shown this once. Copy it now: nobody can look it up later, only revoke it.",
		whep: "Address (WHEP)",
		go2rtc: "For go2rtc and Home Assistant",
		whip: "Address (WHIP), for OBS and others",
		bearer: "Bearer token",
		copy: (what: string): string => `Copy: ${what}`,
		done: "I have kept it",
		list: "Tokens",
		none: "No token yet.",
		since: (when: string): string => `Made ${when}`,
		used: (when: string): string => `last used ${when}`,
		unused: "never used",
		ends: (when: string): string => `until ${when}`,
		over: (when: string): string => `ended ${when}`,
		revoke: "Revoke",
		revokeAsk: (name: string): string => `Revoke “${name}”? Whatever uses it stops at once.`,
		revokeYes: "Revoke for good",
		revoked: "The token is revoked.",
		noName: "Say what the token is for, so that you know later what you revoke.",
	},

	rules: {
		title: "Rules for opening",
		passkey: "A passkey for every opening",
		passkeyWhy:
			"The phone asks for a finger, a face or its code before each opening. A stolen unlocked phone opens nothing.",
		without: (names: string): string => `No passkey yet: ${names}.`,
		shutOut: (names: string): string => `They cannot open until they make a passkey: ${names}.`,
		broker: "Home automation may open",
		brokerWhy: "Rules in Home Assistant and the like can open the door over MQTT.",
		brokerWarn:
			"Whoever controls the broker can then open your door: everyone with its password, and every program that may write there. No phone and no passkey is asked. Each opening is logged.",
		brokerAsk: "Let home automation open the door?",
		brokerYes: "Yes, it may open",
		saved: "Saved.",
	},

	passkey: {
		title: "Passkey of this phone",
		what: "With a passkey the phone asks for your finger, your face or its code before it opens the door. Your phone keeps it; the door only learns to recognise it.",
		needed: "This household asks for a passkey at every opening.",
		notNeeded: "This household does not ask for one yet.",
		have: "This phone has a passkey.",
		lost: "Lost it, or it does not work any more? Someone with “admin” can remove it; then make a new one here.",
		make: "Make a passkey",
		made: "The passkey is made.",
		troubles: {
			unsupported:
				"This browser cannot make passkeys here. Use one that can, at a secure (https) address.",
			missing: "The doorbell knows no passkey of this phone. Make one first.",
			cancelled: "No passkey was made: the phone did not confirm who you are. Try again.",
			elsewhere:
				"A passkey belongs to the address at which the app is opened. Open the app where this phone was paired.",
			exists:
				"This phone already keeps a passkey for the door. Remove it in the phone’s settings, then try again.",
		} satisfies Record<PasskeyTrouble, string>,
		noUnlock: "This phone may not open the door, so it needs no passkey.",
	},
};
