/** English texts of pairing. */
export const pair = {
	title: "Welcome home",
	gives: "What a phone of the household does",
	giveSee: "see who is at the door",
	giveTalk: "talk with them",
	giveOpen: "switch the light and open the door",
	givePast: "see who came while you were away",
	private: "Pictures go between your door, your own server and your phones. Nobody else.",
	name: "Name of this phone",
	nameHint: "The household sees it: “Anna answered”.",
	devices: {
		iphone: "iPhone",
		ipad: "iPad",
		android: "Android phone",
		mac: "Mac",
		windows: "Windows computer",
		linux: "Linux computer",
		other: "phone",
	},
	decides: "What this phone may do was decided when the link was made.",
	go: "Pair this phone",
	working: "The phone and the doorbell are getting to know each other…",
	done: (door: string): string => `Paired with ${door}`,
	doneText: "This phone belongs to the household now.",
	microphoneTitle: "Let the door hear you?",
	microphoneWhy:
		"The browser asks for the microphone now, so that it does not ask while someone waits at the door. It is only on while you talk.",
	microphoneAsk: "Allow the microphone",
	microphoneYes: "The microphone is ready.",
	microphoneNo:
		"Without the microphone you can see and open, but not talk. You can allow it later in the settings.",
	later: "Later",
	finish: "Go to the door",
	given: "This phone may",
	givenWhen: (when: string): string => `When: ${when}.`,
	none: "This phone is not paired yet",
	noneText:
		"The doorbell shows a QR code when it starts. Scan it with this phone’s camera, or open the link that it prints.",
	paste: "Or paste the pairing link",
	pasteGo: "Go on",
	pasteBroken: "This is no whole pairing link. Copy all of it, from https to its end.",
	broken:
		"The pairing link is cut short or of another version. Copy it whole, or scan the code again.",
	insecure:
		"Pairing needs a secure address (https, or localhost): only there does the browser keep keys.",
	failed: {
		unknown: "The doorbell does not know this link, or it was withdrawn.",
		expired: "This link is too old: it works for ten minutes.",
		used: "This link was used already. Each link lets in one phone.",
		wrong: "The link does not fit this doorbell. Perhaps a part of it is missing: scan it again.",
		exhausted: "There were too many wrong tries with this link, so it is void.",
		impostor:
			"Whoever answered is not the doorbell of this link. Nothing was paired. Do not try again from this network; tell the person who runs the server.",
	},
	fresh:
		"A fresh link comes from a phone with the right “admin” (Settings, Household, Invite), or from the doorbell itself.",
	away: "The doorbell is not connected to its server. Check its power and network, then try again.",
	iosTitle: "First, put Doorstep on the Home Screen",
	iosText:
		"On iPhone and iPad the app on the Home Screen has a place of its own. The key of this phone lives there: paired here in the browser, the app would still be a stranger, and only the app can ring.",
	iosSteps: {
		copy: "Copy the pairing link.",
		share: "Tap Share, then “Add to Home Screen”.",
		open: "Open Doorstep from there and paste the link.",
	},
	iosHurry: "The link works for ten minutes.",
	iosCopy: "Copy the pairing link",
	iosGoOn: "Pair this browser instead",
};
