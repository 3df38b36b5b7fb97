import type { SoftwareView } from "../protocol.gen";

export type Trouble = NonNullable<SoftwareView["trouble"]>;

/** English texts of the doorbell's updates. */
export const software = {
	title: "Software",
	line: "Version and updates",
	runs: (version: string): string => `Version ${version} runs on this doorbell.`,
	newest: "There is no newer version.",
	offered: (version: string): string => `Version ${version} is ready`,
	version: (version: string): string => `Version ${version}`,
	notes: "What is new",
	what: "The doorbell checks who signed it, waits until nobody is at the door, and restarts. That takes about a minute. If the new version does not work, the doorbell goes back to this one by itself.",
	install: "Install now",
	look: "Look for updates",
	automatic: "New versions are installed by themselves, at night.",
	steps: {
		downloading: (percent: string): string => `Downloading: ${percent} %`,
		waiting: "Downloaded. It waits until nobody is at the door and no call is open.",
		installing: "Installing. The doorbell restarts, and this page comes back by itself.",
	},
	done: (version: string): string => `Version ${version} is installed.`,
	rolledBack: (version: string): string =>
		`Version ${version} did not work, so the former one is back.`,
	troubles: {
		off: "Nothing says where updates come from, so the doorbell is updated with its package.",
		keys: "This doorbell trusts no key for updates, so it is updated with its package.",
		network: "Where updates come from cannot be reached. The doorbell tries again by itself.",
		signature: "What is offered is not signed as it has to be. It is not installed.",
		broken: "The update was damaged on its way. Download it again.",
		wrong_system: "What is offered is for another system than this doorbell’s.",
		too_old: "This version is too old for this doorbell. Wait for a newer one.",
		space: "There is no room for the update on the doorbell’s card.",
		read_only: "The doorbell’s card is read-only. Restart the doorbell, or replace the card.",
		unhealthy: "Nothing needs to be done; wait for the next version.",
		no_former: "There is no former version to go back to.",
		fault: "The update was not installed.",
	} satisfies Record<Trouble, string>,
};
