import type { pair as english } from "./pair.en";

/** German texts of pairing. */
export const pair: typeof english = {
	title: "Willkommen daheim",
	gives: "Dieses Telefon kann dann",
	giveSee: "sehen, wer an der Tür ist",
	giveTalk: "mit ihnen sprechen",
	giveOpen: "das Licht schalten und die Tür öffnen",
	givePast: "sehen, wer da war, als du weg warst",
	private:
		"Bilder gehen zwischen deiner Tür, deinem eigenen Server und deinen Telefonen hin und her. Zu niemandem sonst.",
	name: "Name dieses Telefons",
	nameHint: "Der Haushalt sieht ihn: „Anna ist rangegangen“.",
	devices: {
		iphone: "iPhone",
		ipad: "iPad",
		android: "Android-Telefon",
		mac: "Mac",
		windows: "Windows-Rechner",
		linux: "Linux-Rechner",
		other: "Telefon",
	},
	go: "Dieses Telefon koppeln",
	working: "Telefon und Klingel lernen sich kennen …",
	done: (door) => `Gekoppelt mit ${door}`,
	doneText: "Dieses Telefon gehört jetzt zum Haushalt.",
	microphoneTitle: "Soll die Tür dich hören?",
	microphoneWhy:
		"Der Browser fragt jetzt nach dem Mikrofon, damit er nicht fragt, während jemand wartet. Es ist nur an, solange du sprichst.",
	microphoneAsk: "Mikrofon erlauben",
	microphoneYes: "Das Mikrofon ist bereit.",
	microphoneNo:
		"Ohne Mikrofon kannst du sehen und öffnen, aber nicht sprechen. Du kannst es später in den Einstellungen erlauben.",
	later: "Später",
	finish: "Zur Tür",
	none: "Dieses Telefon ist noch nicht gekoppelt",
	noneText:
		"Die Klingel zeigt beim Start einen QR-Code. Scanne ihn mit der Kamera dieses Telefons oder öffne den Link, den sie ausgibt.",
	broken:
		"Der Kopplungslink ist abgeschnitten oder aus einer anderen Version. Kopiere ihn ganz oder scanne den Code noch einmal.",
	insecure:
		"Koppeln braucht eine sichere Adresse (https oder localhost): nur dort bewahrt der Browser Schlüssel auf.",
	failed: {
		unknown: "Die Klingel kennt diesen Link nicht. Erzeuge einen neuen.",
		expired: "Dieser Link ist zu alt: er gilt zehn Minuten. Erzeuge einen neuen.",
		used: "Dieser Link wurde schon benutzt oder ist zu alt. Erzeuge an der Klingel einen neuen.",
		wrong: "Der Link passt nicht zu dieser Klingel. Scanne den Code noch einmal.",
		exhausted: "Zu viele Versuche. Erzeuge an der Klingel einen neuen Link.",
		impostor:
			"Wer geantwortet hat, ist nicht die Klingel dieses Links. Nichts wurde gekoppelt. Frage die Person, die den Server betreibt.",
	},
	away: "Die Klingel ist nicht mit ihrem Server verbunden. Prüfe Strom und Netz und versuche es noch einmal.",
	iosTitle: "Leg Doorstep zuerst auf den Home-Bildschirm",
	iosText:
		"Auf dem iPhone brauchen Mitteilungen die installierte App, und sie hat ihren eigenen Schlüssel. Tippe auf „Teilen“, „Zum Home-Bildschirm“, öffne Doorstep dort und scanne den Code noch einmal.",
	iosGoOn: "Im Browser weitermachen",
};
