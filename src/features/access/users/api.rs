//! `/api/admin/users` and `/api/admin/lockouts`.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Change, NewUser, User};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::features::access::store::lockouts;
use crate::ids::UserId;
use crate::secret::Secret;
use crate::web::caller::{Admin, Caller, Role};
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/users", get(list).post(create))
        .route("/admin/users/{id}", get(show).put(change).delete(remove))
        .route("/admin/lockouts", get(locked))
        .route("/admin/lockouts/{subject}", delete(unlock))
}

#[derive(Serialize)]
struct View {
    id: UserId,
    username: String,
    role: Role,
    is_active: bool,
    mfa_enabled: bool,
    created_at: Timestamp,
}

impl From<User> for View {
    fn from(user: User) -> View {
        View {
            id: user.id,
            username: user.name,
            role: user.role,
            is_active: user.active,
            mfa_enabled: false,
            created_at: user.created_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    username: String,
    password: String,
    #[serde(default = "user")]
    role: Role,
}

fn user() -> Role {
    Role::User
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    username: Option<String>,
    password: Option<String>,
    role: Option<Role>,
    is_active: Option<bool>,
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<View>>, ApiError> {
    caller.admin()?;
    Ok(Json(super::list(&app).await?.into_iter().map(View::from).collect()))
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<View>, ApiError> {
    caller.admin()?;
    Ok(Json(super::find(&app, id).await?.into()))
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Create>,
) -> Result<Json<Value>, ApiError> {
    admins_by_people(&caller, &[body.role])?;
    let (name, password) = (body.username, Secret::new(body.password));
    let new = NewUser { name, password, role: body.role };
    let id = super::create(&app, new, caller.by(app.clock.now())).await.map_err(username)?;
    Ok(Json(json!({ "id": id })))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
    Json(body): Json<Update>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let now = super::find(&app, id).await?.role;
    admins_by_people(&caller, &[now, body.role.unwrap_or(now)])?;
    let change = Change {
        name: body.username,
        password: body.password.map(Secret::new),
        role: body.role,
        active: body.is_active,
    };
    super::change(&app, id, change, caller.by(app.clock.now())).await.map_err(username)?;
    Ok(Json(json!({ "ok": true })))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    admins_by_people(&caller, &[super::find(&app, id).await?.role])?;
    super::delete(&app, id, caller.by(app.clock.now())).await?;
    Ok(Json(json!({ "ok": true })))
}

/// A key that could make an admin could sign in as one, and have every power.
fn admins_by_people(caller: &Caller, roles: &[Role]) -> Result<()> {
    if roles.contains(&Role::Admin) { caller.person() } else { Ok(()) }
}

/// The field is called `username` here.
fn username(err: Error) -> Error {
    match err {
        Error::Invalid { field, message } if field == "name" => Error::invalid("username", message),
        other => other,
    }
}

async fn locked(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let now = app.clock.now();
    let waiting = app.db.read(move |r| lockouts::waiting(r, now)).await?;
    let views = waiting.into_iter().map(|it| {
        json!({ "subject": it.subject, "failures": it.failures, "locked_until": it.locked_until })
    });
    Ok(Json(views.collect::<Vec<_>>().into()))
}

async fn unlock(
    State(app): State<App>,
    caller: Caller,
    Path(subject): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    app.db
        .write(move |tx| {
            if lockouts::delete(tx, &subject)? == 0 {
                return Err(Error::NotFound("lockout"));
            }
            audit::record(tx, Entry::new(&by, "access.unlock", subject))?;
            Ok(())
        })
        .await?;
    Ok(Json(json!({ "ok": true })))
}
