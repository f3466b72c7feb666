//! What a style does to an element: can it still be seen?

/// A text this small, or so far out of the window, can't be read (px).
const FONT_MIN: f32 = 3.0;
const FAR_OUT: f32 = -400.0;
/// Pages are scrolled downwards, so only sideways is there a too far in the other direction.
const FAR_ASIDE: f32 = 5000.0;
/// Fainter or smaller than this part of itself, a thing is as good as gone.
const PART_MIN: f32 = 0.05;
/// What the units are taken for, in px: an ordinary font, and a window so small that what is moved by
/// half of it (to be as wide as the window) is still there.
const EM: f32 = 16.0;
const WINDOW_PART: f32 = 4.0;

/// Do these declarations make an element impossible to see?
pub fn hides(declarations: &str) -> bool {
    let declarations = unescaped(&without_comments(declarations)).to_ascii_lowercase();
    let (mut ink, mut paper) = (None, None);
    let (mut tiny_box, mut cut_off) = (false, false);
    let (mut unfilled, mut behind_letters) = (false, false);
    for declaration in declarations.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim(), value.replace("!important", ""));
        let value = value.trim();
        match name {
            "color" if is_transparent(value) => return true,
            "-webkit-text-fill-color" => unfilled = is_transparent(value),
            // Letters through which a picture or a run of colours is seen.
            "background-clip" | "-webkit-background-clip" => behind_letters = value == "text",
            "color" => ink = Some(value.to_owned()),
            "background" | "background-color" => paper = Some(value.to_owned()),
            "overflow" => cut_off = value == "hidden" || value == "clip",
            "width" | "height" if value == "1px" => tiny_box = true,
            _ if hides_by(name, value) => return true,
            _ => {}
        }
    }
    (tiny_box && cut_off) || (unfilled && !behind_letters) || (ink.is_some() && ink == paper)
}

fn hides_by(name: &str, value: &str) -> bool {
    match name {
        "display" => value == "none",
        "visibility" => value == "hidden" || value == "collapse",
        "content-visibility" => value == "hidden",
        "opacity" | "zoom" => part(value).is_some_and(|part| part < PART_MIN),
        "filter" => arguments(value, "opacity").filter_map(part).any(|part| part < PART_MIN),
        "font-size" => is_tiny(value),
        "font" => value.split(' ').filter_map(|part| part.split('/').next()).any(is_tiny),
        "top" | "bottom" | "margin-top" | "inset" => {
            pixels(value).is_some_and(|offset| offset <= FAR_OUT)
        }
        "left" | "right" | "text-indent" | "margin-left" => is_far_aside(value),
        "scale" => value.split(' ').any(is_nothing),
        "translate" => value.split(' ').any(is_far_aside),
        "transform" => {
            ["scale", "scalex", "scaley", "scale3d"]
                .iter()
                .any(|way| arguments(value, way).any(is_nothing))
                || value.split(['(', ',', ' ', ')']).any(is_far_aside)
        }
        "clip" => {
            value.starts_with("rect(")
                && value.trim_start_matches("rect(").split([',', ' ']).all(|side| {
                    let side = side.trim_end_matches(')');
                    side.is_empty() || number(side).is_some_and(|side| side.abs() <= 1.0)
                })
        }
        "clip-path" => {
            let value = value.replace(' ', "");
            let whole = ["inset(50%", "inset(100%"].iter().any(|cut| value.starts_with(cut));
            whole || ["circle", "ellipse"].iter().any(|way| arguments(&value, way).any(is_nothing))
        }
        "max-height" | "max-width" | "height" | "width" => number(value) == Some(0.0),
        _ => false,
    }
}

fn is_far_aside(value: &str) -> bool {
    pixels(value).is_some_and(|offset| offset <= FAR_OUT || FAR_ASIDE <= offset)
}

fn is_nothing(value: &str) -> bool {
    part(value).is_some_and(|part| part.abs() < PART_MIN)
}

fn is_tiny(size: &str) -> bool {
    let of_font = if size.ends_with('%') { EM / 100.0 } else { 1.0 };
    pixels(size).is_some_and(|size| size * of_font < FONT_MIN)
}

fn is_transparent(color: &str) -> bool {
    let color = color.replace(' ', "");
    let hex = color.strip_prefix('#').is_some_and(|hex| match hex.len() {
        4 => hex.ends_with('0'),
        8 => hex.ends_with("00"),
        _ => false,
    });
    let inside = color.split_once('(').map_or("", |(_, inside)| inside.trim_end_matches(')'));
    let alpha = inside.split_once('/').map(|(_, alpha)| alpha);
    let alpha = alpha.or_else(|| inside.split(',').nth(3)).and_then(part);
    color == "transparent" || hex || alpha.is_some_and(|alpha| alpha < PART_MIN)
}

/// The arguments of each `way(…)` in a value.
fn arguments<'a>(value: &'a str, way: &str) -> impl Iterator<Item = &'a str> {
    let opened = format!("{way}(");
    let starts: Vec<usize> =
        value.match_indices(&opened).map(|(at, _)| at + opened.len()).collect();
    starts.into_iter().flat_map(|start| {
        let inside = value[start..].split(')').next().unwrap_or_default();
        inside.split(',').map(str::trim)
    })
}

/// `0.5` or `50%`.
fn part(value: &str) -> Option<f32> {
    number(value).map(|number| if value.ends_with('%') { number / 100.0 } else { number })
}

fn pixels(value: &str) -> Option<f32> {
    let ends = |units: &[&str]| units.iter().any(|unit| value.ends_with(unit));
    let unit = match () {
        () if ends(&["em"]) => EM,
        () if ends(&["vw", "vh", "vmin", "vmax"]) => WINDOW_PART,
        () => 1.0,
    };
    number(value).map(|number| number * unit)
}

/// The number at the start of `-9999px`.
fn number(value: &str) -> Option<f32> {
    let value = value.trim();
    let end = value
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(value.len());
    value[..end].parse().ok()
}

pub fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// `n\6fne` to `none`.
fn unescaped(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        let (code, after) = after.split_at(digits);
        let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        out.extend(code);
        rest = if digits == 0 {
            after
        } else {
            after.strip_prefix([' ', '\n', '\t']).unwrap_or(after)
        };
    }
    out + rest
}
