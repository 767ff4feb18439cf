//! scratch
fn main() {
    let b: Vec<u8> = std::env::args()
        .skip(1)
        .map(|a| a.trim_matches(|c| c == ',' || c == '[' || c == ']').parse().unwrap())
        .collect();
    println!("{:?}", countersign_fuzz::differential::describe(&b));
}
