import { ServerClock } from "../identity/clock";
import { Identity } from "../identity/identity";
import { MediaAddresses } from "../identity/tokens";

/**
 * The picture's address, signed with this phone's key so that the browser can fetch it. Undefined
 * without a picture, without a key, or for another server: then the notification has no picture.
 */
export async function pictureAddress(
	image: string | null | undefined,
	origin: string,
): Promise<string | undefined> {
	if (!image) return undefined;
	try {
		const { origin: server, pathname } = new URL(image, origin);
		const identity = await Identity.load();
		if (server !== origin || !identity) return undefined;
		return await new MediaAddresses(identity, new ServerClock()).sign(pathname);
	} catch {
		return undefined;
	}
}
