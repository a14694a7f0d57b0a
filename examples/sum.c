/* A function of C over HTTP: what it takes and returns is said here, and nowhere else.
 *
 *   $ clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -Wl,--export=sum -o sum.wasm examples/sum.c
 *   $ npx ringcall serve sum.wasm
 *
 * Then in another terminal
 *
 *   $ curl -X POST http://localhost:8000/sum/3/4
 *   7
 *   $ curl --json '{"a": 3, "b": -4}' http://localhost:8000/sum
 *   -1
 */

int sum(int a, int b)
{
	return a + b;
}
