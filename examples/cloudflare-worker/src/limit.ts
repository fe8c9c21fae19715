/**
 * A limit that is set as a variable of the Worker.
 * @throws Error when it isn't a whole number above 0: better no service than one without limits
 */
export function limit<Name extends string>(env: Readonly<Record<Name, unknown>>, name: Name): number {
  const value = Number(env[name]);
  if (!(Number.isInteger(value) && value > 0)) {
    throw new Error(
      `The variable ${name} must be a whole number above 0, but is ${JSON.stringify(env[name])}.`,
    );
  }
  return value;
}
