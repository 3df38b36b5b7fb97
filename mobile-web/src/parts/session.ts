import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../session";

export const SessionContext = createContext<Session | null>(null);

/** The session of the paired phone; only screens of a paired phone ask for it. */
export function useSession(): Session {
	const session = useContext(SessionContext);
	if (!session) throw new Error("This screen needs a paired phone.");
	return session;
}
