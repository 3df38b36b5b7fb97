/** English texts of pairing. */
export const pair = {
	title: "Welcome home",
	gives: "This phone will be able to",
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
	none: "This phone is not paired yet",
	noneText:
		"The doorbell shows a QR code when it starts. Scan it with this phone’s camera, or open the link that it prints.",
	broken:
		"The pairing link is cut short or of another version. Copy it whole, or scan the code again.",
	insecure:
		"Pairing needs a secure address (https, or localhost): only there does the browser keep keys.",
	failed: {
		unknown: "The doorbell does not know this link. Make a fresh one.",
		expired: "This link is too old: it works for ten minutes. Make a fresh one.",
		used: "This link was used already, or it is too old. Make a fresh one at the doorbell.",
		wrong: "The link does not fit this doorbell. Scan the code again.",
		exhausted: "Too many tries. Make a fresh link at the doorbell.",
		impostor:
			"Whoever answered is not the doorbell of this link. Nothing was paired. Ask the person who runs the server.",
	},
	away: "The doorbell is not connected to its server. Check its power and network, then try again.",
	iosTitle: "First, put Doorstep on the Home Screen",
	iosText:
		"On iPhone, notifications need the installed app, and it keeps its own key. Tap Share, “Add to Home Screen”, open Doorstep there and scan the code again.",
	iosGoOn: "Go on in the browser",
};
