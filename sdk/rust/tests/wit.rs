//! The package carries its own copy of the contract, so that users need none. In the repository it is the same one.

#[test]
fn the_packaged_contract_is_the_repositorys() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = root.join("../../wit/transform.wit");
    if !contract.exists() {
        return; // outside of the repository there is nothing to compare with
    }
    let read = |path| std::fs::read_to_string(path).expect("the contract can be read");
    assert!(
        read(contract) == read(root.join("wit/transform.wit")),
        "sdk/rust/wit/transform.wit differs from wit/transform.wit: copy it over"
    );
}
