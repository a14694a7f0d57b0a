//! Functions that declare nothing: JSON by position.

use super::*;

fn read(fewest: usize, body: &str) -> Result<Arguments, Fault> {
    from_body(
        &Signature::undeclared("f", fewest),
        body.as_bytes(),
        &no_headers(),
    )
}

fn read_path(fewest: usize, path: &str) -> Result<Arguments, Fault> {
    from_path(
        &Signature::undeclared("f", fewest),
        path.as_bytes(),
        &no_headers(),
    )
}

fn unpacked(read: Result<Arguments, Fault>) -> String {
    let read = read.expect("it fits");
    assert_eq!((read.count, read.cells), (UNPACKED, [0, 0]));
    text(&read)
}

#[test]
fn numbers_alone_cross_as_cells() {
    for read in [read(2, " [ 3 , -0.5 , 1e3 ] "), read_path(2, "/3/-0.5/1e3")] {
        let read = read.expect("it fits");
        assert_eq!(read.count, 3);
        assert_eq!(doubles(&read), [3.0, -0.5, 1e3]);
    }
    assert_eq!(read(0, "[]"), Ok(Arguments::default()));
    assert_eq!(read(0, " {} "), Ok(Arguments::default()));
    assert_eq!(cell(read(1, "[-0]")), f64::to_bits(-0.0));
    assert_eq!(cell(read_path(1, "/-0")), f64::to_bits(-0.0));
    assert_eq!(cell(read_path(1, "/%20-0%0A")), f64::to_bits(-0.0));
    let many = format!("[{}0]", "1,".repeat(31));
    assert_eq!(read(0, &many).expect("it fits").count, 32);
}

#[test]
fn anything_else_crosses_as_one_array() {
    assert_eq!(
        unpacked(read(2, r#"[3, "é", {"a": [null]}]"#)),
        r#"[3,"\u00e9",{"a":[null]}],"#
    );
    assert_eq!(
        unpacked(read_path(1, "/3/%22Ada%22/true/null/%5B1,%202%5D")),
        r#"[3,"Ada",true,null,[1,2]],"#
    );
    let many = format!("[{}0]", "1,".repeat(32));
    assert_eq!(unpacked(read(0, &many)), format!("{many},"));
    let most = format!("[{}0]", "1,".repeat(63));
    assert_eq!(unpacked(read(0, &most)), format!("{most},"));
    assert_eq!(
        unpacked(read_path(0, &"/1".repeat(64))),
        format!("[{}1],", "1,".repeat(63))
    );
}

#[test]
fn too_few_and_too_many_are_refused() {
    assert_eq!(pointers(read(2, "[3]")), ["#/1"]);
    assert_eq!(pointers(read(3, "[\"a\"]")), ["#/1", "#/2"]);
    assert_eq!(pointers(read_path(2, "/3")), ["#/1"]);
    assert_eq!(
        pointers(from_nothing(&Signature::undeclared("f", 2), &no_headers())),
        ["#/0", "#/1"]
    );
    assert_eq!(pointers(read(1000, "[]")).len(), 16);
    assert_eq!(pointers(read(2, "{}")), ["#/0", "#/1"]);
    let many = format!("[{}0]", "1,".repeat(64));
    assert_eq!(pointers(read(0, &many)), ["#/64"]);
    assert_eq!(pointers(read_path(0, &"/1".repeat(65))), ["#/64"]);
    assert_eq!(
        pointers(read_path(0, &format!("{}/x", "/1".repeat(64)))),
        ["#/64"]
    );
    assert_eq!(pointers(read_path(3, "/1/")), ["#/1", "#/2"]);
}

#[test]
fn names_are_refused_if_none_are_declared() {
    for body in [r#"{"a":1}"#, "3", "\"a\"", "null", "true"] {
        let fault = read(0, body).expect_err("it does not fit");
        assert_eq!(fault.code, Code::Arguments);
        assert!(fault.entries.is_empty());
        assert!(fault.detail.contains("JSON array"), "{}", fault.detail);
    }
}

#[test]
fn a_segment_that_is_not_json_is_refused_with_how_to_send_a_string() {
    for (path, position) in [
        ("/Ada", 0),
        ("/3/Ada", 1),
        ("/3/'x'", 1),
        ("/007", 0),
        ("/1e400", 0),
        ("/3//x", 2),
        ("/3/3%20x", 1),
        ("/%7B%22a%22:1,%22a%22:2%7D", 0),
        ("/%22%5Cud800%22", 0),
        (&format!("{}/x", "/1".repeat(63)), 63),
    ] {
        let fault = read_path(5, path).expect_err("it does not fit");
        assert_eq!(fault.code, Code::NotJson, "{path}");
        assert!(fault.detail.ends_with(")."), "{}", fault.detail);
        let [entry] = &fault.entries[..] else {
            panic!("one entry: {fault:?}")
        };
        assert_eq!(entry.pointer, format!("#/{position}"), "{path}");
        assert!(entry.detail.contains("%22"));
    }
}
