//! Tells the linker that Node supplies the Node-API symbols.

fn main() {
    napi_build::setup();
}
