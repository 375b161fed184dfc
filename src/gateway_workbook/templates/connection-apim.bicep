metadata description = 'A Foundry connection to an API of Azure API Management. Deploy into the project\'s resource group.'

@description('Resource id of the Foundry project: portal, project, Properties.')
param projectResourceId string

@description('What an agent writes before the first slash of its model.')
@minLength(3)
@maxLength(33)
param connectionName string

@description('Whose the connection is: the project\'s, or the account\'s for all its projects.')
@allowed(['project', 'account'])
param connectionScope string = 'project'

@description('Resource id of the API Management service that has the API.')
param apimResourceId string = ''

@description('Name of the API; its URL is looked up at the deployment.')
param apiName string = ''

@description('The API\'s URL, instead of the two above.')
param targetUrl string = ''

@description('AAD is the older name of ProjectManagedIdentity.')
@allowed(['ApiKey', 'ProjectManagedIdentity', 'AAD'])
param authType string = 'ApiKey'

param isSharedToAll bool = false

@description('With authType ApiKey; empty: the key of the service\'s subscription below is taken.')
@secure()
param apiKey string = ''

param apimSubscriptionName string = 'master'

@description('With authType ProjectManagedIdentity.')
param audience string = 'https://cognitiveservices.azure.com'

@description('true: POST /deployments/{name}/chat/completions; false: the model stands in the body.')
@allowed(['true', 'false'])
param deploymentInPath string = 'true'

@description('?api-version= of inference calls; empty for none.')
param inferenceAPIVersion string = ''

@description('?api-version= of discovery calls; empty for none.')
param deploymentAPIVersion string = ''

@description('The models, when the API does not list them; with neither these nor the endpoints below, /deployments does.')
param staticModels array = []

param listModelsEndpoint string = ''

param getModelEndpoint string = ''

param deploymentProvider string = ''

@description('The header that carries the key, when it is not api-key.')
param authConfig object = {}

@description('Headers added to every inference request.')
param customHeaders object = {}

@description('The same for headers whose values no log may show.')
@secure()
param secretHeaders object = {}

var segments = split(projectResourceId, '/')
var accountId = '/subscriptions/${segments[2]}/resourceGroups/${segments[4]}/providers/Microsoft.CognitiveServices/accounts/${segments[8]}'
var onAccount = connectionScope == 'account'
var headers = union(customHeaders, secretHeaders)
var discovery = {
  listModelsEndpoint: listModelsEndpoint
  getModelEndpoint: getModelEndpoint
  deploymentProvider: deploymentProvider
}

// Every value of metadata is text; an object there deploys, and the connection does not work.
var metadataOfConnection = union(
  { deploymentInPath: deploymentInPath },
  empty(inferenceAPIVersion) ? {} : { inferenceAPIVersion: inferenceAPIVersion },
  empty(deploymentAPIVersion) ? {} : { deploymentAPIVersion: deploymentAPIVersion },
  empty(staticModels) ? {} : { models: string(staticModels) },
  empty(listModelsEndpoint) ? {} : { modelDiscovery: string(discovery) },
  empty(authConfig) ? {} : { authConfig: string(authConfig) },
  empty(headers) ? {} : { customHeaders: string(headers) }
)
var identity = authType != 'ApiKey'

// Beside credentials, not inside: that is where the service reads it.
var beside = identity ? { audience: audience } : {}
var apiId = '${apimResourceId}/apis/${apiName}'
var subscriptionId = '${apimResourceId}/subscriptions/${apimSubscriptionName}'

resource ofProject 'Microsoft.CognitiveServices/accounts/projects/connections@2025-04-01-preview' = if (!onAccount) {
  name: '${segments[8]}/${segments[10]}/${connectionName}'
  properties: any(
    union(
      {
        category: 'ApiManagement'
        target: empty(targetUrl) ? format('{0}/{1}', reference(apimResourceId, '2024-05-01').gatewayUrl, reference(apiId, '2024-05-01').path) : targetUrl
        authType: identity ? 'ProjectManagedIdentity' : 'ApiKey'
        isSharedToAll: isSharedToAll
        credentials: identity ? {} : { key: empty(apiKey) ? listSecrets(subscriptionId, '2024-05-01').primaryKey : apiKey }
        metadata: metadataOfConnection
      },
      beside
    )
  )
}

resource ofAccount 'Microsoft.CognitiveServices/accounts/connections@2025-04-01-preview' = if (onAccount) {
  name: '${segments[8]}/${connectionName}'
  properties: any(
    union(
      {
        category: 'ApiManagement'
        target: empty(targetUrl) ? format('{0}/{1}', reference(apimResourceId, '2024-05-01').gatewayUrl, reference(apiId, '2024-05-01').path) : targetUrl
        authType: identity ? 'ProjectManagedIdentity' : 'ApiKey'
        isSharedToAll: isSharedToAll
        credentials: identity ? {} : { key: empty(apiKey) ? listSecrets(subscriptionId, '2024-05-01').primaryKey : apiKey }
        metadata: metadataOfConnection
      },
      beside
    )
  )
}

output connectionName string = connectionName
output connectionId string = '${onAccount ? accountId : projectResourceId}/connections/${connectionName}'
output targetUrl string = empty(targetUrl) ? format('{0}/{1}', reference(apimResourceId, '2024-05-01').gatewayUrl, reference(apiId, '2024-05-01').path) : targetUrl
