import type { pair as english } from "./pair.en";

/** German texts of pairing. */
export const pair: typeof english = {
	title: "Willkommen daheim",
	gives: "Was ein Telefon des Haushalts tut",
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
	decides: "Was dieses Telefon darf, wurde entschieden, als der Link entstand.",
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
	given: "Dieses Telefon darf",
	givenWhen: (when) => `Wann: ${when}.`,
	none: "Dieses Telefon ist noch nicht gekoppelt",
	noneText:
		"Die Klingel zeigt beim Start einen QR-Code. Scanne ihn mit der Kamera dieses Telefons oder öffne den Link, den sie ausgibt.",
	paste: "Oder füge den Kopplungslink ein",
	pasteGo: "Weiter",
	pasteBroken:
		"Das ist kein ganzer Kopplungslink. Kopiere ihn vollständig, von https bis zum Ende.",
	broken:
		"Der Kopplungslink ist abgeschnitten oder aus einer anderen Version. Kopiere ihn ganz oder scanne den Code noch einmal.",
	insecure:
		"Koppeln braucht eine sichere Adresse (https oder localhost): nur dort bewahrt der Browser Schlüssel auf.",
	failed: {
		unknown: "Die Klingel kennt diesen Link nicht, oder er wurde zurückgezogen.",
		expired: "Dieser Link ist zu alt: er gilt zehn Minuten.",
		used: "Dieser Link wurde schon benutzt. Jeder lässt ein Telefon herein.",
		wrong:
			"Der Link passt nicht zu dieser Klingel. Vielleicht fehlt ein Stück: scanne ihn noch einmal.",
		exhausted: "Mit diesem Link gab es zu viele falsche Versuche; er gilt nicht mehr.",
		impostor:
			"Wer geantwortet hat, ist nicht die Klingel dieses Links. Nichts wurde gekoppelt. Versuche es in diesem Netz nicht noch einmal und sag es der Person, die den Server betreibt.",
	},
	fresh:
		"Einen neuen Link macht ein Telefon mit dem Recht „admin“ (Einstellungen, Haushalt, Einladen) oder die Klingel selbst.",
	away: "Die Klingel ist nicht mit ihrem Server verbunden. Prüfe Strom und Netz und versuche es noch einmal.",
	iosTitle: "Leg Doorstep zuerst auf den Home-Bildschirm",
	iosText:
		"Auf iPhone und iPad hat die App auf dem Home-Bildschirm einen Platz für sich. Dort wohnt der Schlüssel dieses Telefons: Hier im Browser gekoppelt, wäre die App noch immer fremd, und nur die App kann klingeln.",
	iosSteps: {
		copy: "Kopiere den Kopplungslink.",
		share: "Tippe auf „Teilen“, dann „Zum Home-Bildschirm“.",
		open: "Öffne Doorstep von dort und füge den Link ein.",
	},
	iosHurry: "Der Link gilt zehn Minuten.",
	iosCopy: "Kopplungslink kopieren",
	iosGoOn: "Stattdessen diesen Browser koppeln",
};
