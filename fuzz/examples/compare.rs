//! scratch
use countersign_fuzz::differential;
use std::collections::BTreeMap;
fn main() {
    let mut args = std::env::args().skip(1);
    let secs: u64 = args.next().unwrap().parse().unwrap();
    let mut s: u64 = args.next().unwrap().parse().unwrap();
    let mut corpus: Vec<Vec<u8>> = Vec::new();
    for d in args {
        for f in std::fs::read_dir(d).unwrap() {
            corpus.push(std::fs::read(f.unwrap().path()).unwrap());
        }
    }
    let mut r = move || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        (s >> 11) as usize
    };
    let mut seen: BTreeMap<(Option<usize>, String), (u64, BTreeMap<String, u64>, Vec<u8>)> =
        BTreeMap::new();
    let mut cover: BTreeMap<(usize, u8, usize), Vec<u8>> = BTreeMap::new();
    let start = std::time::Instant::now();
    let mut n = 0u64;
    let mut first = corpus.clone();
    while start.elapsed().as_secs() < secs {
        let script: Vec<u8> = if let Some(c) = first.pop() {
            c
        } else {
            let mut b = if r() % 2 == 0 {
                corpus[r() % corpus.len()].clone()
            } else {
                let mut b = vec![
                    r() as u8,
                    if r() % 2 == 0 { 0 } else { r() as u8 },
                    r() as u8,
                    (r() % 16 == 0) as u8,
                ];
                for _ in 0..r() % 9 {
                    b.push(0);
                }
                let acts = 1 + r() % 2;
                for _ in 0..acts {
                    b.push(r() as u8 % 16);
                    for _ in 0..r() % 5 {
                        b.push(if r() % 2 == 0 { (r() % 8) as u8 } else { r() as u8 });
                    }
                }
                b
            };
            for _ in 0..r() % 4 {
                if b.is_empty() {
                    break;
                }
                let i = r() % b.len();
                match r() % 4 {
                    0 => {
                        b[i] = r() as u8;
                    }
                    1 => {
                        b[i] = (r() % 16) as u8;
                    }
                    2 => {
                        b.insert(i, r() as u8);
                    }
                    _ => {
                        b.remove(i);
                    }
                }
            }
            b
        };
        n += 1;
        let Ok(found) = std::panic::catch_unwind(|| differential::describe(&script)) else {
            println!("PANIC {script:?}");
            continue;
        };
        if let Some((row, ours, theirs)) = differential::row(&script) {
            let d = differential::accepted().nth(row).unwrap();
            let o = d.ours.iter().position(|w| *w == ours).unwrap();
            let t = d.theirs.iter().position(|w| theirs.starts_with(w)).unwrap();
            for key in [(row, 0, o), (row, 1, t)] {
                let e = cover.entry(key).or_insert(script.clone());
                if script.len() < e.len() {
                    *e = script.clone();
                }
            }
        }
        if let Some((what, alerts, row)) = found {
            let e = seen.entry((row, what)).or_insert((0, BTreeMap::new(), script.clone()));
            e.0 += 1;
            *e.1.entry(alerts).or_default() += 1;
            if script.len() < e.2.len() {
                e.2 = script;
            }
        }
    }
    let set: std::collections::BTreeSet<_> = cover.values().cloned().collect();
    for s in set {
        println!("SEED {s:?}");
    }
    println!("{n} runs");
    for ((row, what), (c, a, b)) in &seen {
        println!("{row:?} {c} {what} {a:?}\n    {b:?}");
    }
}
