using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Temper.Inference;
using Temper.Serving.Protocol;

namespace Temper.Serving;

/// <summary>Writes JSON responses.</summary>
internal static class Responses
{
    /// <summary>
    /// Returns the status and message for an exception. Details of internal errors are not sent to the client.
    /// </summary>
    internal static (int Status, string Message) StatusOf(Exception error) => error switch
    {
        RequestException known => (known.Status, known.Message),
        BadHttpRequestException http => (http.StatusCode, http.Message),
        QueueFullException => (StatusCodes.Status503ServiceUnavailable, "the request queue is full; try again later"),
        ObjectDisposedException => (StatusCodes.Status503ServiceUnavailable, "the server is stopping"),
        ArgumentException => (StatusCodes.Status400BadRequest, error.Message),
        _ => (StatusCodes.Status500InternalServerError, "internal error"),
    };

    internal static Task Error(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.Headers.Remove(RequestBody.JsonLengthHeader);
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        return Json(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("error", message);
            json.WriteEndObject();
        });
    }

    internal static async Task Json(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }
}
