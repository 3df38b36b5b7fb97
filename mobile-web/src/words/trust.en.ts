import type { PasskeyTrouble } from "../identity/passkey";

/** English texts of who may do what, and of those who pretend. */
export const trust = {
	/** Why a call is over, when it is a matter of trust. */
	ends: {
		impostor:
			"This was not your doorbell: somebody between it and this phone changed what it said. The call was ended before anything of it was seen, heard or sent. Do not try again from this network; tell the person who runs your server.",
		stranger:
			"This phone has never met this doorbell, so it cannot know whether it is yours. Pair this phone with it, at the door.",
		forgotten:
			"This phone was taken out of the household, so the doorbell does not answer it any more.",
		rate: "That was asked too often.",
	},

	waitSeconds: (seconds: number): string =>
		seconds === 1 ? "Try again in a second." : `Try again in ${seconds} seconds.`,
	waitMinutes: (minutes: number): string =>
		minutes === 1 ? "Try again in a minute." : `Try again in ${minutes} minutes.`,
	tooOften: "That was asked too often.",

	unlock: {
		opened: (seconds: string, row: number): string =>
			`The door is open for ${seconds}. It is number ${row} in the doorbell’s log.`,
		thenPasskey: "After sliding, this phone asks for your finger, face or code.",
		waiting: "Confirm with your finger, face or code.",
		opening: "Opening…",
		failed: "Not opened",
		again: "Try again",
		toSettings: "Set up a passkey",
		late: "That took too long. Ask again.",
		rate: "That was too often. Wait a minute and try again, or use the key.",
		noReceipt:
			"The doorbell said that it opened, but did not sign for it. Look at the door. If this comes again, tell the person who runs your server.",
		passkey: {
			unsupported:
				"This door asks for a passkey, and this browser has none at this address. Use another phone, or the key.",
			missing:
				"This door asks for a passkey, and this phone has none yet. Make one in the settings of this phone.",
			cancelled:
				"You did not confirm, or the passkey is not on this phone any more. The door stayed locked. Try again, or use the key.",
			elsewhere:
				"The passkey was made at another address of Doorstep. Open that address, or ask someone with the right “admin” to remove the passkey, and make a new one here.",
			exists: "This phone has a passkey for this door already.",
		} satisfies Record<PasskeyTrouble, string>,
	},

	audit: {
		title: "The doorbell’s log was changed or set back",
		text: "It does not go on from where this phone last saw it, so entries may be missing: who was in a call, who opened. A household that was restored from an old card can be the reason. Ask whoever looks after the doorbell.",
		seen: "I have taken note",
		noted: "Noted. From here on the log counts again.",
	},

	out: {
		title: "This phone was taken out",
		text: (doors: string): string =>
			`It does not belong to the household of ${doors} any more: somebody removed it, or the household was begun anew. It sees nothing, hears nothing and opens nothing there.`,
		everywhere:
			"The server does not know this phone any more: somebody removed it, or the household was begun anew. It sees nothing, hears nothing and opens nothing.",
		how: "To come back, ask someone with the right “admin” for an invitation, or scan the code at the door, and open the link on this phone.",
		forget: "Forget the old pairing",
		forgetWhy: "Forgetting removes the pictures and keys of that household from this phone.",
	},

	times: {
		noneNow: "This phone may do nothing here at this hour.",
		hours: (when: string): string => `Allowed: ${when}.`,
		over: "The time of this phone at this door is over. Someone with the right “admin” can give it more.",
	},
};
