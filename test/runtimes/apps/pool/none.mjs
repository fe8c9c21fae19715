// Where there are no workers.
import { createPool } from "fivepoint/pool";

console.log(JSON.stringify(await createPool().catch((error) => ({ error: String(error) }))));
