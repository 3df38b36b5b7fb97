/** What was not as the doorbell would have said it. */
export type ImpostorSign =
	| "unknown"
	| "unsigned"
	| "signature"
	| "statement"
	| "sdp"
	| "fingerprint"
	| "setup"
	| "certificate"
	| "receipt";

/**
 * Somebody who is not the doorbell answered, or changed what it said. Trying again would only give
 * them another try.
 */
export class ImpostorError extends Error {
	override readonly name = "ImpostorError";

	constructor(
		readonly sign: ImpostorSign,
		options?: ErrorOptions,
	) {
		super(`Not the doorbell's: ${sign}.`, options);
	}
}
