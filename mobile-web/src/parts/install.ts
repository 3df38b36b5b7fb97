import { signal } from "@preact/signals";

interface InstallPrompt extends Event {
	prompt(): Promise<unknown>;
}

/** Whether the browser offers to put the app on the home screen. */
export const installable = signal(false);

let offered: InstallPrompt | undefined;

/** Keep the browser's offer for the settings; nobody wants it in front of the door. */
export function watchInstall(): void {
	addEventListener("beforeinstallprompt", (event) => {
		event.preventDefault();
		offered = event as InstallPrompt;
		installable.value = true;
	});
	addEventListener("appinstalled", () => {
		installable.value = false;
	});
}

export async function install(): Promise<void> {
	await offered?.prompt();
	offered = undefined;
	installable.value = false;
}
