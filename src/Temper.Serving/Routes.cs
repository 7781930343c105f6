using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Temper.Inference;
using Temper.Serving.Metrics;
using Temper.Serving.Protocol;

namespace Temper.Serving;

/// <summary>Maps the URLs of the protocol.</summary>
internal static class Routes
{
    internal static void Map(WebApplication application, InferenceServer server, ServerOptions options,
        BatchingQueue queue, ServerMetrics metrics)
    {
        application.Use((context, next) => Explain(context, next, options.ModelName));
        Authorize(application, options.Token);
        application.UseRouting();
        application.UseEndpoints(_ => { });
        MapRead(application, "/v2/health/live", context =>
            Responses.Json(context, json => Flag(json, "live", value: true)));
        MapRead(application, "/v2/health/ready", Ready);
        MapRead(application, "/v2", context => Responses.Json(context, Server));
        MapRead(application, "/metrics", context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            return context.Response.WriteAsync(metrics.ToText(), context.RequestAborted);
        });
        var infer = new InferEndpoint(options, queue, metrics);
        foreach (string model in new[] { $"/v2/models/{options.ModelName}",
            $"/v2/models/{options.ModelName}/versions/{options.ModelVersion}" })
        {
            MapRead(application, model, context =>
                Responses.Json(context, json => TensorMetadata.WriteModel(json, options, queue.Network)));
            MapRead(application, $"{model}/ready", Ready);
            application.MapPost($"{model}/infer", infer.Handle);
        }

        Task Ready(HttpContext context)
        {
            context.Response.StatusCode = server.IsReady ? 200 : 503;
            return Responses.Json(context, json => Flag(json, "ready", server.IsReady));
        }
    }

    /// <summary>Maps GET and HEAD (for HEAD the server omits the body).</summary>
    private static void MapRead(WebApplication application, string address, RequestDelegate respond) =>
        application.MapMethods(address, ["GET", "HEAD"], respond);

    /// <summary>Adds an error message to 404 and 405 responses of the router, which have no body.</summary>
    private static async Task Explain(HttpContext context, RequestDelegate next, string model)
    {
        await next(context).ConfigureAwait(false);
        if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405)
        {
            await Responses.Error(context, context.Response.StatusCode, context.Response.StatusCode == 404
                ? $"no such URL or model (got {context.Request.Path}, expected /v2/models/{model})"
                : $"{context.Request.Method} is not allowed for {context.Request.Path}").ConfigureAwait(false);
        }
    }

    /// <summary>Requires the token for all URLs except the health checks.</summary>
    private static void Authorize(WebApplication application, string? token)
    {
        if (token is null)
        {
            return;
        }

        byte[] expected = SHA256.HashData(Encoding.UTF8.GetBytes($"Bearer {token}"));
        application.Use((context, next) =>
        {
            // Hashes of equal length, compared in constant time, so that timing reveals nothing about the token.
            byte[] given = SHA256.HashData(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()));
            return context.Request.Path.StartsWithSegments("/v2/health", StringComparison.Ordinal)
                || CryptographicOperations.FixedTimeEquals(given, expected)
                ? next(context)
                : Responses.Error(context, 401, "this server requires a token: Authorization: Bearer ...");
        });
    }

    private static void Server(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", "temper");
        json.WriteString("version", typeof(Routes).Assembly.GetName().Version!.ToString(3));
        json.WriteStartArray("extensions");
        json.WriteStringValue("binary_tensor_data");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Flag(Utf8JsonWriter json, string name, bool value)
    {
        json.WriteStartObject();
        json.WriteBoolean(name, value);
        json.WriteEndObject();
    }
}
