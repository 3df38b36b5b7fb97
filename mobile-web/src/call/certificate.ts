import { fingerprintOfCertificate } from "./fingerprint";
import { ImpostorError } from "./impostor";

type Transport = RTCDtlsTransport & { getRemoteCertificates?: () => ArrayBuffer[] };

/**
 * Compare what the other end really showed in its handshake with what the doorbell signed, once
 * the connection is there. Throws ImpostorError. Says whether this browser shows the certificate;
 * where it does not, its own comparison with the signed SDP stands alone.
 */
export async function checkCertificate(
	connection: RTCPeerConnection,
	fingerprint: string,
): Promise<boolean> {
	const shown = [...transportsOf(connection)]
		.map((transport) => transport.getRemoteCertificates?.()[0])
		.filter((certificate) => certificate !== undefined);
	for (const certificate of shown) {
		if ((await fingerprintOfCertificate(certificate)) !== fingerprint) {
			throw new ImpostorError("certificate");
		}
	}
	return shown.length > 0;
}

function transportsOf(connection: RTCPeerConnection): Set<Transport> {
	const receivers = connection.getReceivers().map(({ transport }) => transport);
	const all = [connection.sctp?.transport, ...receivers];
	return new Set(all.filter((transport) => transport !== null && transport !== undefined));
}
